import { describe, expect, test } from 'vitest';
import type { Authenticator } from '../../src/identity/authenticators/contract.ts';

/** One authenticator, with people who can and cannot sign in with its form. */
export interface AuthenticatorCase {
  open: () => Promise<{ authenticator: Authenticator; close: () => Promise<void> }>;
  /** Somebody whose credentials are right; undefined: nobody can sign in with a form. */
  right?: { username: string; fields: Record<string, string> };
  /** Credentials that are wrong, each with what is wrong; empty where any are right. */
  wrong: { what: string; username: string; fields: Record<string, string> }[];
}

/** What every authenticator must do. */
export function authenticatorContract(name: string, { open, right, wrong }: AuthenticatorCase): void {
  describe(`the authenticator ${name}`, () => {
    test('is called that, and asks for a user name if for anything', async () => {
      const { authenticator, close } = await open();
      expect(authenticator.name).toBe(name);
      expect(authenticator.form.slice(0, 1).every((field) => field.name === 'username')).toBe(true);
      expect(new Set(authenticator.form.map((field) => field.name)).size).toBe(authenticator.form.length);
      await close();
    });

    test('hides what must not be read over a shoulder', async () => {
      const { authenticator, close } = await open();
      const open_ = authenticator.form.filter((field) => field.type === 'text').map((field) => field.name);
      expect(open_.every((field) => field === 'username')).toBe(true);
      await close();
    });

    test('knows who presents the right credentials', async () => {
      const { authenticator, close } = await open();
      const person = right && (await authenticator.authenticate(right));
      expect(person?.name).toBe(right?.username);
      expect(authenticator.form.length > 0).toBe(right !== undefined);
      await close();
    });

    test('knows nobody who presents wrong ones', async () => {
      const { authenticator, close } = await open();
      const attempts = right ? wrong : [{ what: 'nothing at all', username: 'ada', fields: {} }];
      const known: string[] = [];
      for (const { what, ...attempt } of attempts) if (await authenticator.authenticate(attempt)) known.push(what);
      expect(known).toEqual([]);
      await close();
    });

    test('bears fields that are missing, strange or long', async () => {
      const { authenticator, close } = await open();
      const odd = { username: 'nobody-of-that-name', fields: { password: 'x'.repeat(100_000), __proto__: 'y' } };
      const answers = [await authenticator.authenticate(odd), await authenticator.authenticate({ ...odd, fields: {} })];
      for (const answer of answers) expect([undefined, 'nobody-of-that-name']).toContain(answer?.name);
      await close();
    });
  });
}
