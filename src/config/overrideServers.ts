import { AtollError } from '../core/errors.ts';
import { isRecord } from '../core/isRecord.ts';
import type { ApplyContext, Key } from './keys/key.ts';
import { podTraits } from './keys/podTraits.ts';
import { serverTraits } from './keys/serverTraits.ts';
import type { ServerTraits } from './profileSettings.ts';
import type { ServerSettings, Settings } from './settings.ts';

/**
 * What servers get when these traits of KubeSpawner are set over the settings (`kubespawner_override`, `group_overrides`,
 * hooks), as KubeSpawner does it: maps merge, in which null takes a key away; everything else is replaced; null takes the
 * value away. Traits that Atoll does not know change nothing.
 * @throws AtollError `ATOLL_SERVER_TRAIT_INVALID` when a value cannot be what it should be.
 */
export function overrideServers(settings: Settings, traits: ServerTraits): ServerSettings {
  const changed: Settings = { ...settings, servers: structuredClone(settings.servers) };
  for (const [name, value] of Object.entries(traits)) {
    const row = rows.get(name);
    if (row) setTrait(changed, row, value);
  }
  return changed.servers;
}

/** Whether a trait of that name changes anything. */
export function isServerTrait(name: string): boolean {
  return rows.has(name);
}

const rows = new Map(
  [...serverTraits, ...podTraits].flatMap((row) => (row.kind === 'key' && row.apply ? [[row.path, row] as const] : [])),
);

/** Traits for which 0 says what null says elsewhere. */
const amounts: readonly string[] = ['mem_limit', 'mem_guarantee', 'cpu_limit', 'cpu_guarantee'];

function setTrait(settings: Settings, row: Key, value: unknown): void {
  if (value === null) {
    if (amounts.includes(row.path)) apply(settings, row, 0);
    else row.unset?.(settings);
    return;
  }
  if (!isRecord(value)) return apply(settings, row, value);
  const before = structuredClone(settings.servers);
  const removed = Object.keys(value).filter((name) => value[name] === null);
  apply(settings, row, Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null)));
  restoreMissing(settings.servers, before, removed);
}

function apply(settings: Settings, row: Key, value: unknown): void {
  const result = row.type.safeParse(value);
  if (!result.success)
    throw new AtollError('ATOLL_SERVER_TRAIT_INVALID', `The value of ${row.path} cannot be used.`, {
      evidence: result.error.issues.map(({ message }) => message).join('; '),
    });
  // The row's own type made the value.
  row.apply?.(settings, result.data as never, contextOf(settings, row, value));
}

/** A map merges with the one that it was put in the place of: what was there before and is not now comes back. */
function restoreMissing(now: object, before: object, removed: readonly string[]): void {
  const target = now as Record<string, unknown>;
  for (const [name, old] of Object.entries(before) as [string, unknown][]) {
    const present = target[name];
    if (present === undefined && !removed.includes(name)) target[name] = old;
    else if (isRecord(present) && isRecord(old)) restoreMissing(present, old, removed);
  }
}

function contextOf(settings: Settings, row: Key, value: unknown): ApplyContext {
  return {
    path: [row.path],
    runtime: settings.runtime.kind,
    written: (at) => {
      const inside = at.reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], value);
      return ['string', 'number', 'boolean'].includes(typeof inside) ? String(inside) : '';
    },
    // Warnings were given when the settings were read.
    warn: () => undefined,
    refuse: (_, message) => {
      throw new AtollError('ATOLL_SERVER_TRAIT_INVALID', message);
    },
  };
}
