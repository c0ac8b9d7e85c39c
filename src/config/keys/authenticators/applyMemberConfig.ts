import { type Path, pathText } from '../../problem.ts';
import type { AuthenticationSettings } from '../../settings.ts';
import { nearest } from '../../suggest.ts';
import { faultOf } from '../faultOf.ts';
import type { ApplyContext } from '../key.ts';
import { type AuthenticatorClass, authenticatorClasses, type ClassName } from './classes.ts';
import { allowedUsersTraits, commonTraits } from './commonTraits.ts';
import { setTrait } from './setTrait.ts';

/** Puts the `config` of one way to sign in, of several, into its settings. `at` tells where a trait was written. */
export function applyMemberConfig(
  member: AuthenticationSettings,
  config: Record<string, unknown>,
  context: ApplyContext,
  at: (trait: string) => Path,
): void {
  const { traits }: AuthenticatorClass = authenticatorClasses[member.authenticator as ClassName];
  // Whom allowed_users names decides a default of what follows.
  const names = Object.keys(config).sort((a, b) => Number(b in allowedUsersTraits) - Number(a in allowedUsersTraits));
  for (const name of names) {
    const here = { at: at(name) };
    const written = entryOf(traits, name);
    const target = written?.kind === 'old' ? written.of : name;
    // MultiAuthenticator's old word for login_service.
    const commonName = name === 'service_name' ? 'login_service' : name;
    const known = entryOf(allowedUsersTraits, name) ?? entryOf(commonTraits, commonName) ?? entryOf(traits, target);
    if (!known || known.kind === 'old') {
      const suggestion = nearest(name, [...Object.keys(traits), ...Object.keys(commonTraits)]);
      context.warn('ATOLL_SETTINGS_NOT_SUPPORTED', 'Atoll does not read this trait.', {
        ...here,
        ...(suggestion && { suggestion }),
      });
    } else if (known.kind === 'inert') {
      context.warn('ATOLL_SETTINGS_NO_EFFECT', `This has no effect here, because ${known.because}.`, here);
    } else {
      const result = known.type.safeParse(config[name]);
      const [issue] = result.error?.issues ?? [];
      if (issue)
        context.refuse(
          'ATOLL_SETTINGS_VALUE',
          `${pathText([...context.path, ...here.at])} ${faultOf(known.type, issue)}.`,
          here,
        );
      else if (known.kind === 'common') known.apply(member, result.data as never);
      else setTrait(member, target, result.data);
    }
  }
}

/** Names are the operator's: `constructor` is none of the table. */
function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
