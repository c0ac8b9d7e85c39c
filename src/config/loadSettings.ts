import type { Problem } from './problem.ts';
import { defaultSettings, type RuntimeKind, type Settings } from './settings.ts';
import type { ValuesInput } from './values/parseValues.ts';
import type { MapNode } from './values/valueNode.ts';

export interface LoadOptions {
  /** The runtime that the settings are for, whatever `atoll.runtime.kind` says: `atoll deploy` is always for Kubernetes. */
  runtime?: RuntimeKind;
}

/** What a set of files comes to. */
export interface LoadedSettings {
  /** With errors among the problems: what could be understood, for nothing but further checks. */
  settings: Settings;
  /** Errors first, then warnings; each in the order of files and lines. */
  problems: Problem[];
  /**
   * The texts with all that was taken from elsewhere: what references refer to, and the keys of encrypted files. Loaded
   * again, they come to the same, in another environment too, and when files have changed.
   */
  inputs: readonly ValuesInput[];
  /** The paths of the files that references refer to, whether or not they could be read. */
  referredFiles: readonly string[];
  /** The layered values, each with its place; undefined when there are no files. */
  values?: MapNode;
  /** What each file says by itself, in their order, in the daskhub layout; undefined when there are no files. */
  layers?: readonly MapNode[];
  /** The same files with changed values: what Python in them sets. Undefined when there are no files. */
  amend?: (change: (values: MapNode) => MapNode) => LoadedSettings;
}

/**
 * Reads settings files, lays them over each other in their order, and checks them. Without files, these are the defaults,
 * and neither the YAML parser nor the table of keys is loaded.
 */
export async function loadSettings(inputs: readonly ValuesInput[], options: LoadOptions = {}): Promise<LoadedSettings> {
  if (inputs.length === 0) {
    const settings = defaultSettings();
    if (options.runtime) settings.runtime.kind = options.runtime;
    return { settings, problems: [], inputs, referredFiles: [] };
  }
  const { interpretValues } = await import('./interpretValues.ts');
  return interpretValues(inputs, options);
}

/** {@link loadSettings} for the paths that `-f` takes: files, folders, and `-` for standard input. */
export async function loadSettingsFiles(paths: readonly string[], options: LoadOptions = {}): Promise<LoadedSettings> {
  if (paths.length === 0) return loadSettings([], options);
  const { readValuesFiles } = await import('./values/readValuesFiles.ts');
  const { inputs, problems } = readValuesFiles(paths);
  const loaded = await loadSettings(inputs, options);
  return { ...loaded, problems: [...problems, ...loaded.problems] };
}
