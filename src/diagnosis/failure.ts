import { z } from 'zod';
import { type ErrorCode, errorTable } from '../core/errorTable.ts';

/** Why a start failed, or why a server that ran has ended; kept with the server until its next start. */
export const failureSchema = z.object({
  /** `start`: it never became ready. `run`: it ended after it had been ready. */
  during: z.enum(['start', 'run']),
  /** A code of the error table. */
  code: z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(errorTable, value)),
  /** One sentence in plain words. */
  message: z.string(),
  /** What the person can do. */
  nextStep: z.string(),
  /** Exit code of its process, or null. */
  exitCode: z.number().nullable(),
  /** Name of the signal that ended it, or null. */
  signal: z.string().nullable(),
  /** The last lines it wrote, oldest first, secrets hidden. */
  logTail: z.array(z.string()),
  /** Milliseconds since the epoch. */
  at: z.number(),
});

export type Failure = z.infer<typeof failureSchema>;
