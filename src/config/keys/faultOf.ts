import type { z } from 'zod';
import { describeType } from './describeType.ts';

/** What is wrong with a value, as the end of a sentence about it that does not show it. */
export function faultOf(type: z.ZodType, issue: z.core.$ZodIssue): string {
  // Our own messages go on after the name of the key; zod's are sentences with a capital.
  return /^[a-z]/.test(issue.message) ? issue.message.replace(/\.$/, '') : `should be ${describeType(type)}`;
}
