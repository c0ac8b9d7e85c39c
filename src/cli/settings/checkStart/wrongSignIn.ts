import { authenticatorClass } from '../../../config/checkSignIn.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { hubPath, type Refusal, toRefusal } from './refusal.ts';

/** Ways to sign in that cannot be as they are, or that lack something. */
export async function wrongSignIn(authentication: AuthenticationSettings): Promise<Refusal[]> {
  const [{ checkAuthenticator }, { authenticatorClasses }] = await Promise.all([
    import('../../../identity/authenticators/createAuthenticator.ts'),
    import('../../../config/keys/authenticators/classes.ts'),
  ]);
  const ways = [authentication, ...authentication.members.map((member) => member.authentication)];
  const found: Refusal[] = [];
  for (const way of ways) {
    try {
      await checkAuthenticator(way);
    } catch (error) {
      const named = Object.entries(authenticatorClasses).find(([name]) => name === way.authenticator)?.[1];
      const section = named ? [hubPath('config', named.className)] : [];
      found.push(toRefusal(error, { paths: [...section, authenticatorClass] }));
    }
  }
  return found;
}
