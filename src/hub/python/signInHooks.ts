import { z } from 'zod';
import type { BridgeHolder } from '../../bridge/bridgeHolder.ts';
import type { HookName } from '../../bridge/messages.ts';
import { AtollError } from '../../core/errors.ts';
import type { SignInHooks } from '../../identity/signInHooks.ts';

/** Milliseconds that one hook may take while somebody waits at the sign-in page: it may ask a provider. */
const hookMs = 30_000;

const state = z.record(z.string(), z.unknown());
const groups = z.array(z.string());

/** A person as JupyterHub's hooks return one. */
const personSchema = z.object({
  name: z.string(),
  admin: z.boolean().nullish(),
  groups: groups.nullish(),
  auth_state: state.nullish(),
});

/** The hooks of `c.Authenticator` and its classes in the settings' Python, as identity calls them. */
export function signInHooksFrom(holder: BridgeHolder): SignInHooks {
  /** Asks Python, when the hook is there. */
  async function ask(name: HookName, request: { op: string; [field: string]: unknown }): Promise<unknown> {
    const bridge = holder.current;
    if (!bridge?.loaded?.hooks.some((hook) => hook.name === name)) return undefined;
    return (await bridge.perform(request, hookMs)) ?? null;
  }

  return {
    async afterSignIn(person) {
      const { name, admin, authState } = person;
      const answer = await ask('post_auth_hook', {
        op: 'postAuth',
        person: { name, admin: admin ?? null, groups: person.groups ?? null, auth_state: authState ?? null },
      });
      if (answer === undefined) return person;
      if (answer === null) return undefined;
      return { ...person, ...withoutNulls(read(personSchema, answer, 'post_auth_hook')) };
    },
    async modifyAuthState(before) {
      const after = await ask('modify_auth_state_hook', { op: 'modifyAuthState', state: before });
      return after === undefined || after === null ? before : read(state, after, 'modify_auth_state_hook');
    },
    async groupsOf(before) {
      const found = await ask('auth_state_groups_key', { op: 'groups', state: before });
      return found === undefined ? undefined : read(groups, found ?? [], 'auth_state_groups_key');
    },
    async userNameOf(info) {
      const name = await ask('username_claim', { op: 'userName', info });
      return name === undefined ? undefined : read(z.string().min(1), name, 'username_claim');
    },
    async isStillGood(name, before) {
      const user = { name, admin: false, groups: [], authState: before ?? null };
      const answer = await ask('refresh_user_hook', { op: 'refreshUser', user, state: before ?? null });
      return typeof answer === 'boolean' ? answer : undefined;
    },
  };
}

/** A person as identity has one: what is null is as it was. */
function withoutNulls({ name, ...rest }: z.output<typeof personSchema>): {
  name: string;
  admin?: boolean;
  groups?: string[];
  authState?: Record<string, unknown>;
} {
  return {
    name,
    ...(typeof rest.admin === 'boolean' && { admin: rest.admin }),
    ...(rest.groups && { groups: rest.groups }),
    ...(rest.auth_state && { authState: rest.auth_state }),
  };
}

/** What a hook returned, if it is what such a hook returns. */
function read<T extends z.ZodType>(schema: T, answer: unknown, hook: HookName): z.output<T> {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AtollError('ATOLL_PYTHON_FAILED', `What ${hook} returned is not what such a hook returns.`, {
    ...(issue && { evidence: [issue.path.join('.'), issue.message].filter(Boolean).join(': ') }),
  });
}
