import { describe, expect, test } from 'vitest';
import type { Authenticator } from '../../src/identity/authenticators/contract.ts';

/** One authenticator, with people who can and cannot sign in with its form. */
export interface AuthenticatorCase {
  open: () => Promise<{ authenticator: Authenticator; close: () => Promise<void> }>;
  /** What a provider sends along that begins a sign-in itself. */
  begunWith?: Record<string, string>;
  /** Somebody whose credentials are right; undefined: nobody can sign in with a form. */
  right?: { username: string; fields: Record<string, string> };
  /** Credentials that are wrong, each with what is wrong; empty where any are right. */
  wrong: { what: string; username: string; fields: Record<string, string> }[];
}

/** What every authenticator must do. */
export function authenticatorContract(name: string, { open, right, wrong, begunWith = {} }: AuthenticatorCase): void {
  describe(`the authenticator ${name}`, () => {
    test('is called that, and asks for a user name if for anything', async () => {
      const { authenticator, close } = await open();
      expect(authenticator.name).toBe(name);
      expect(authenticator.form.slice(0, 1).every((field) => field.name === 'username')).toBe(true);
      expect(new Set(authenticator.form.map((field) => field.name)).size).toBe(authenticator.form.length);
      await close();
    });

    test('has a name for people, and one way to sign in at most', async () => {
      const { authenticator, close } = await open();
      const { form, redirect, instant, service, provider } = authenticator;
      expect(service).toMatch(/^\S.{1,40}\S$/);
      expect(provider.split(':')[0]).toBe(name);
      expect([form.length > 0, redirect, instant].filter(Boolean).length).toBe(
        name === 'link' || name === 'null' ? 0 : 1,
      );
      await close();
    });

    test('sends people away with something that nobody can guess, and remembers little', async () => {
      const { authenticator, close } = await open();
      const parameters = new URLSearchParams(begunWith);
      const begin = (state: string) =>
        authenticator.redirect?.begin({ state, callbackUrl: 'https://hub.example/hub/oauth_callback', parameters });
      const [one, two] = [await begin('1'.repeat(32)), await begin('2'.repeat(32))];
      for (const begun of [one, two].filter((begun) => begun !== undefined)) {
        const { searchParams } = new URL(begun.location);
        expect(searchParams.get(authenticator.redirect?.stateParameter ?? '')).toBe(begun.state);
        expect(searchParams.toString()).not.toMatch(/secret/i);
        // A cookie holds 4096 characters, sealed.
        expect(JSON.stringify(begun.remember).length).toBeLessThan(1000);
      }
      expect(one === undefined || one.location !== two?.location).toBe(true);
      expect(one !== undefined).toBe(authenticator.redirect !== undefined);
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
