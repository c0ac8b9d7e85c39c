import type { Settings } from '../../../config/settings.ts';
import { nearest } from '../../../config/suggest.ts';
import { hubPath, placesOf, type Refusal, refusals, toRefusal } from './refusal.ts';

/** Scopes that do not exist, and roles and custom scopes that cannot be as they are. */
export async function wrongScopes({
  roles,
  customScopes = {},
  extraUserScopes = [],
  servers: { tokenScopes = [], oauthClientAllowedScopes = [] },
}: Settings): Promise<Refusal[]> {
  const named = [
    ...roles.flatMap(({ scopes }) => scopes),
    ...extraUserScopes,
    ...tokenScopes,
    ...oauthClientAllowedScopes,
  ];
  if (roles.length === 0 && named.length === 0 && Object.keys(customScopes).length === 0) return [];
  const [{ ScopeCatalogue }, { scopeTree }, { RoleBook }] = await Promise.all([
    import('../../../identity/scopes/scopeCatalogue.ts'),
    import('../../../identity/scopes/scopeTree.ts'),
    import('../../../identity/roles/roleBook.ts'),
  ]);
  try {
    const catalogue = new ScopeCatalogue(customScopes);
    const names = [...Object.keys(scopeTree), ...Object.keys(customScopes)];
    const unknown = new Set(named.filter((scope) => !catalogue.knows(scope)));
    return [
      ...[...unknown].map(
        (text): Refusal => ({
          code: 'ATOLL_SETTINGS_VALUE',
          severity: 'error',
          message: `There is no scope ${JSON.stringify(text)}.`,
          suggestion: nearest(text.split('!')[0] ?? '', names),
          text,
        }),
      ),
      ...roles
        .filter(({ scopes }) => scopes.every((scope) => catalogue.knows(scope)))
        .flatMap((role) =>
          refusals(() => new RoleBook([role], catalogue), {
            paths: placesOf(role.name, ['loadRoles'], ['config', 'JupyterHub', 'load_roles']),
          }),
        ),
    ];
  } catch (error) {
    return [toRefusal(error, { paths: [hubPath('config', 'JupyterHub', 'custom_scopes')] })];
  }
}
