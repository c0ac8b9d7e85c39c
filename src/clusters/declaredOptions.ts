import type { ClusterOptionSettings } from '../config/settings.ts';
import { isRecord } from '../core/isRecord.ts';
import { formatBytes } from '../core/quantities.ts';
import type { ClusterOptions, ClusterUser } from './clusterOptions.ts';
import type { OptionField } from './optionFields.ts';

/** What the settings (`atoll.clusters.options`) let a user choose about their clusters, without any Python. */
export function declaredOptions(
  declared: Readonly<Record<string, ClusterOptionSettings>>,
  user: Pick<ClusterUser, 'groups'>,
): ClusterOptions {
  const options = Object.entries(declared).map(([name, settings]) => new DeclaredOption(name, settings, user.groups));
  return {
    fields: options.map((option) => option.field()),
    handler: (values) => Object.assign({}, ...options.map((option) => option.configuration(values[option.name]))),
  };
}

class DeclaredOption {
  readonly name: string;
  readonly #settings: ClusterOptionSettings;
  readonly #groups: readonly string[];

  constructor(name: string, settings: ClusterOptionSettings, groups: readonly string[]) {
    this.name = name;
    this.#settings = settings;
    this.#groups = groups;
  }

  /** As the client shows it. A default beyond a person's own bounds would be an error in their notebook. */
  field(): OptionField {
    const { type, label, default: preset } = this.#settings;
    const base = { field: this.name, ...(label === undefined ? {} : { label }) };
    switch (type) {
      case 'int':
      case 'float': {
        const { min, max } = this.#bounds();
        const chosen = Math.min(max ?? Infinity, Math.max(min ?? -Infinity, typeof preset === 'number' ? preset : 0));
        return {
          ...base,
          type,
          default: chosen,
          ...(min === undefined ? {} : { min }),
          ...(max === undefined ? {} : { max }),
        };
      }
      case 'select': {
        const keys = this.#choiceNames();
        const chosen = keys.find((key) => key === preset) ?? keys[0];
        return {
          ...base,
          type,
          // Each stands for itself: what it sets is looked up in `configuration`.
          options: keys.map((key) => ({ key, value: key })),
          ...(chosen === undefined ? {} : { default: chosen }),
        };
      }
      case 'string':
        return { ...base, type, ...(typeof preset === 'string' ? { default: preset } : {}) };
      case 'bool':
        return { ...base, type, ...(typeof preset === 'boolean' ? { default: preset } : {}) };
      default:
        return { ...base, type, ...(isRecord(preset) ? { default: preset } : {}) };
    }
  }

  /** What a chosen value sets, by dask-gateway's names. */
  configuration(value: unknown): Record<string, unknown> {
    const { type, sets = this.name, as } = this.#settings;
    if (type === 'select') return allChoices(this.#settings)[String(value)] ?? {};
    return { [sets]: as === undefined ? value : as.replaceAll('{}', String(value)) };
  }

  /** Of a person's groups, the widest bounds count. */
  #bounds(): { min: number | undefined; max: number | undefined } {
    const own = this.#ownGroups();
    const { min, max } = this.#settings;
    const mins = own.flatMap((group) => group.min ?? []);
    const maxs = own.flatMap((group) => group.max ?? []);
    return {
      min: mins.length > 0 ? Math.min(...mins) : min,
      max: maxs.length > 0 ? Math.max(...maxs) : max,
    };
  }

  /** Choices that a group is named for are for its members only. */
  #choiceNames(): string[] {
    const { groups = {} } = this.#settings;
    const reserved = new Set(Object.values(groups).flatMap((group) => group.choices ?? []));
    const own = new Set(this.#ownGroups().flatMap((group) => group.choices ?? []));
    return Object.keys(allChoices(this.#settings)).filter((name) => !reserved.has(name) || own.has(name));
  }

  #ownGroups(): NonNullable<ClusterOptionSettings['groups']>[string][] {
    const { groups = {} } = this.#settings;
    return Object.entries(groups).flatMap(([name, bounds]) => (this.#groups.includes(name) ? [bounds] : []));
  }
}

/** The written choices, then those that are shares of a machine: a core and its part of the memory, two, four, and so on. */
function allChoices({ choices = {}, node }: ClusterOptionSettings): Record<string, Record<string, unknown>> {
  return { ...choices, ...(node && sharesOf(node)) };
}

function sharesOf(node: { cores: number; memory: number }): Record<string, Record<string, unknown>> {
  const shares: [string, Record<string, unknown>][] = [];
  for (let cores = 1; cores <= node.cores; cores *= 2) {
    const memory = Math.floor((node.memory * cores) / node.cores);
    const name = `${cores} ${cores === 1 ? 'core' : 'cores'}, ${formatBytes(memory)}`;
    shares.push([name, { worker_cores: cores, worker_threads: cores, worker_memory: memory }]);
  }
  return Object.fromEntries(shares);
}
