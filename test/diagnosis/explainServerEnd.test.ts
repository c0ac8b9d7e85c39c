import { expect, test } from 'vitest';
import { AtollError } from '../../src/core/errors.ts';
import { explainExit, explainLoss, explainNoAnswer, explainRefusal } from '../../src/diagnosis/explainServerEnd.ts';
import { failureSchema } from '../../src/diagnosis/failure.ts';
import type { WorkloadExit } from '../../src/runtimes/contract.ts';

const code = (exitCode: number): WorkloadExit => ({ code: exitCode, signal: null });

test.each<[string, WorkloadExit, string[], string, RegExp]>([
  [
    'a missing module',
    code(1),
    ["/usr/bin/python: No module named 'jupyterhub'"],
    'ATOLL_SERVER_MODULE_MISSING',
    /module jupyterhub\./,
  ],
  [
    'a full disk',
    code(1),
    ["OSError: [Errno 28] No space left on device: '/home/ada/x'"],
    'ATOLL_SERVER_DISK_FULL',
    /disk .* full/,
  ],
  [
    'too little memory',
    code(1),
    ['Traceback (most recent call last):', 'MemoryError'],
    'ATOLL_SERVER_OUT_OF_MEMORY',
    /out of memory/,
  ],
  [
    'a folder it may not write',
    code(1),
    ["PermissionError: [Errno 13] Permission denied: '/home/ada/.local'"],
    'ATOLL_SERVER_NOT_PERMITTED',
    /may not write \/home\/ada\/\.local\./,
  ],
  ['a port that is taken', code(1), ['ERROR: the port 4711 is already in use'], 'ATOLL_SERVER_PORT_TAKEN', /port/],
  [
    'the superuser',
    code(1),
    ['[C] Running as root is not recommended. Use --allow-root to bypass.'],
    'ATOLL_SERVER_EXITED',
    /superuser/,
  ],
  [
    'a hub out of reach',
    code(1),
    ['Failed to connect to my Hub at http://127.0.0.1:8000/hub/api'],
    'ATOLL_SERVER_CANNOT_REACH_HUB',
    /reach the hub/,
  ],
  [
    "the runtime's own words",
    { code: null, signal: 'SIGKILL', reason: 'ended by the memory limit (2.0 GiB)' },
    [],
    'ATOLL_SERVER_OUT_OF_MEMORY',
    /^Your server ended\. Ended by the memory limit \(2\.0 GiB\)\.$/,
  ],
  ['a kill', { code: null, signal: 'SIGKILL' }, [], 'ATOLL_SERVER_KILLED', /SIGKILL/],
  ['a mere exit code', code(3), ['hello'], 'ATOLL_SERVER_EXITED', /before it was ready \(exit code 3\)\.$/],
  ['another signal', { code: null, signal: 'SIGSEGV' }, [], 'ATOLL_SERVER_EXITED', /signal SIGSEGV/],
  ['an exit nobody saw', { code: null, signal: null }, [], 'ATOLL_SERVER_EXITED', /how is not known/],
  [
    'a Python error',
    code(1),
    [
      'Traceback (most recent call last):',
      '  File "x.py", line 3, in f',
      '    boom()',
      'ValueError: no such theme',
      '',
    ],
    'ATOLL_SERVER_EXITED',
    /Its last error: ValueError: no such theme$/,
  ],
  [
    'an indented Python error',
    code(1),
    ['    Traceback (most recent call last):', '      File "x.py", line 3', '    mod.Error: bad', '[I] bye'],
    'ATOLL_SERVER_EXITED',
    /mod\.Error: bad$/,
  ],
])('%s is told in plain words', (_what, exit, logTail, expectedCode, sentence) => {
  const failure = explainExit({ during: 'start', exit, logTail, at: 1 });
  expect(failure.code).toBe(expectedCode);
  expect(failure.message).toMatch(sentence);
  expect(failure.nextStep).not.toBe('');
  expect(failure).toMatchObject({ exitCode: exit.code, signal: exit.signal, logTail, at: 1 });
  expect(failureSchema.parse(JSON.parse(JSON.stringify(failure)))).toEqual(failure);
});

test('of several causes the newest is told', () => {
  const logTail = ["ModuleNotFoundError: No module named 'optional'", 'OSError: No space left on device'];
  expect(explainExit({ during: 'start', exit: code(1), logTail, at: 1 }).code).toBe('ATOLL_SERVER_DISK_FULL');
});

test('no answer: the time is told, or a cause when the lines give one away', () => {
  expect(explainNoAnswer({ during: 'start', logTail: [], at: 1 }, 60)).toMatchObject({
    code: 'ATOLL_SERVER_NO_ANSWER',
    message: expect.stringContaining('60 seconds') as string,
    exitCode: null,
    signal: null,
  });
  const logTail = ['Failed to connect to my Hub at http://x'];
  expect(explainNoAnswer({ during: 'start', logTail, at: 1 }, 60).code).toBe('ATOLL_SERVER_CANNOT_REACH_HUB');
});

test('a refusal keeps the words of the runtime', () => {
  const refusal = new AtollError('ATOLL_NOT_FOUND', 'There is no program x.', {
    evidence: 'PATH=/bin',
    nextStep: 'Install x.',
  });
  expect(explainRefusal({ during: 'start', at: 1 }, refusal)).toMatchObject({
    message: 'There is no program x.',
    nextStep: 'Install x.',
    logTail: ['PATH=/bin'],
  });
});

test('a loss is a failure too', () => {
  expect(explainLoss({ during: 'run', at: 1 }).code).toBe('ATOLL_SERVER_LOST');
});

test('odd log lines take no time to speak of', () => {
  const logTail = Array.from({ length: 50 }, () => "Permission denied: '".repeat(100));
  const begun = performance.now();
  explainExit({ during: 'start', exit: code(1), logTail, at: 1 });
  expect(performance.now() - begun).toBeLessThan(5000);
});
