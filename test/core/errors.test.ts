import { expect, test } from 'vitest';
import { AtollError, toldErrorOf } from '../../src/core/errors.ts';

test('people are told of errors that are for them, and of a full disk; not of defects', () => {
  const known = new AtollError('ATOLL_NOT_FOUND', 'There is nothing.');
  expect(toldErrorOf(known)).toBe(known);
  for (const code of ['ENOSPC', 'EDQUOT']) {
    const full = Object.assign(new Error(`${code}: no space left, write`), { code });
    expect(toldErrorOf(full)).toMatchObject({ code: 'ATOLL_DISK_FULL', evidence: full.message, cause: full });
  }
  expect(toldErrorOf(Object.assign(new Error('x'), { code: 'EACCES' }))).toBeUndefined();
  expect(toldErrorOf('a text')).toBeUndefined();
});

test('an error as text has the sentence, the evidence and the next step', () => {
  const error = new AtollError('ATOLL_NOT_FOUND', 'There is nothing.', { evidence: 'at /x', nextStep: 'Look at /y.' });
  expect(error.toText()).toBe('There is nothing. [ATOLL_NOT_FOUND]\n  at /x\n  Look at /y.');
});
