import { expect, test } from 'vitest';
import { hashPassword, verifyNothing, verifyPassword } from '../../src/identity/passwordHash.ts';

test('a password fits its hash and no other', async () => {
  const phc = await hashPassword('correct horse');
  expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword('correct horse', phc)).toBe(true);
  expect(await verifyPassword('correct horsf', phc)).toBe(false);
  expect(await hashPassword('correct horse')).not.toBe(phc);
});

test('a hash of the reference implementation is understood', async () => {
  // argon2-cffi: PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash('password')
  const phc = '$argon2id$v=19$m=64,t=1,p=1$riHPJkEwRwMHTFzxSEJ09w$EMJZfqVPRZthLYNz807N6S1Jmx3hkyZ4xDdwVhXh4Bc';
  expect(await verifyPassword('password', phc)).toBe(true);
  expect(await verifyPassword('passwort', phc)).toBe(false);
});

test('composed and decomposed characters are one password', async () => {
  expect(await verifyPassword('cafe\u0301', await hashPassword('caf\u00E9'))).toBe(true);
});

test.each(['', 'plain', '$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA', '$argon2id$v=19$m=x,t=1,p=1$AAAA$AAAA'])(
  'what is no hash (%j) fits nothing',
  async (phc) => {
    expect(await verifyPassword('password', phc)).toBe(false);
  },
);

test('a password of megabytes is not hashed', async () => {
  const before = performance.now();
  const long = 'x'.repeat(5_000_000);
  expect(await verifyPassword(long, await hashPassword('short'))).toBe(false);
  expect(await verifyNothing(long)).toBe(false);
  expect(performance.now() - before).toBeLessThan(5000);
});

test('many at once wait in line, and too many are turned away', async () => {
  const results = await Promise.allSettled(Array.from({ length: 80 }, () => verifyNothing('x')));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused).toHaveLength(80 - 2 - 64);
  expect(refused[0]?.status === 'rejected' && refused[0].reason).toMatchObject({ code: 'ATOLL_BUSY' });
  expect(await verifyNothing('x')).toBe(false);
});
