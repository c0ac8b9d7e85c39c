import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { AtollError, messageOf } from '../../../core/errors.ts';
import { projectFolder } from '../../../core/projectFolder.ts';
import { findPython } from '../../../environment/findPython.ts';

/** What PAM is asked. */
export interface PamQuestion {
  service: string;
  user: string;
  /** Undefined: only the groups are looked up. */
  password?: string;
  /** Whether the account must be in order too. */
  account: boolean;
}

const program = join(projectFolder, 'python/atoll_pam.py');
const timeoutMs = 30_000;
const longestAnswer = 2 ** 20;
/** PAM may sleep after a wrong password: so many may be asked at a time. */
const mostAtATime = 16;

let running = 0;
let python: Promise<{ path: string }> | undefined;

/**
 * Asks PAM, in a process of its own: PAM's modules block, and may change the process that loads them. Undefined: the password is
 * wrong, or there is no such account.
 * @throws AtollError `ATOLL_PROVIDER_FAILED`, `ATOLL_BUSY`, `ATOLL_PYTHON_MISSING`
 */
export async function askPam(question: PamQuestion): Promise<{ groups: string[] } | undefined> {
  if (running >= mostAtATime) throw new AtollError('ATOLL_BUSY', 'Too many people are signing in at this moment.');
  running++;
  try {
    python ??= findPython();
    return await ask((await python).path, question);
  } finally {
    running--;
  }
}

async function ask(interpreter: string, question: PamQuestion): Promise<{ groups: string[] } | undefined> {
  const child = spawn(interpreter, ['-I', '-S', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  try {
    // A program that ends before it has read all says so with its exit.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(question)}\n`);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      if (text.length < longestAnswer) text += part;
    });
    await once(child, 'close');
    const { ok, groups } = JSON.parse(text) as { ok: boolean; groups: string[] };
    return ok ? { groups } : undefined;
  } catch (error) {
    throw new AtollError('ATOLL_PROVIDER_FAILED', 'The accounts of this machine cannot be asked.', {
      evidence: error instanceof SyntaxError ? 'the PAM helper ended without an answer' : messageOf(error),
    });
  }
}
