import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AtollError } from '../core/errors.ts';

const derive = promisify(argon2);

/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. */
const memoryKiB = 19_456;
const passes = 2;
const lanes = 1;
const tagLength = 32;

/** Longer passwords are refused, so that nobody makes the hub hash megabytes. */
export const maximumPasswordLength = 1024;

/** Hashing takes 19 MiB and some 40 ms of a core each; more at a time than this would be a way to exhaust the hub. */
const maximumAtATime = 2;
const maximumWaiting = 64;
let atWork = 0;
const waiting: (() => void)[] = [];

/**
 * Hashes a password with argon2id, as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
 * @throws AtollError `ATOLL_BUSY` when too many wait for the same.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await deriveTag(password, salt, { memoryKiB, passes, lanes, tagLength });
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

/**
 * Whether a password is the one of a PHC string of {@link hashPassword}.
 * @throws AtollError `ATOLL_BUSY` when too many wait for the same.
 */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc);
  if (!parts || password.length > maximumPasswordLength) return false;
  const [, m, t, p, salt = '', expected = ''] = parts;
  const tag = Buffer.from(expected, 'base64');
  const derived = await deriveTag(password, Buffer.from(salt, 'base64'), {
    memoryKiB: Number(m),
    passes: Number(t),
    lanes: Number(p),
    tagLength: tag.length,
  });
  return timingSafeEqual(derived, tag);
}

/** Takes as long as {@link verifyPassword}, for names that have no password: answers then tell nobody which names do. */
export async function verifyNothing(password: string): Promise<false> {
  if (password.length <= maximumPasswordLength)
    await deriveTag(password, Buffer.alloc(16), { memoryKiB, passes, lanes, tagLength });
  return false;
}

interface Cost {
  memoryKiB: number;
  passes: number;
  lanes: number;
  tagLength: number;
}

async function deriveTag(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  await enter();
  try {
    return await derive('argon2id', {
      message: password.normalize('NFKC'),
      nonce: salt,
      memory: cost.memoryKiB,
      passes: cost.passes,
      parallelism: cost.lanes,
      tagLength: cost.tagLength,
    });
  } finally {
    leave();
  }
}

async function enter(): Promise<void> {
  if (atWork < maximumAtATime) {
    atWork++;
    return;
  }
  if (waiting.length >= maximumWaiting)
    throw new AtollError('ATOLL_BUSY', 'Too many people are signing in at this moment.');
  await new Promise<void>((resolve) => waiting.push(resolve));
}

function leave(): void {
  const next = waiting.shift();
  if (next) next();
  else atWork--;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
