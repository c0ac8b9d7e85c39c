import { applyValues } from './applyValues.ts';
import { checkTogether } from './checkTogether.ts';
import { findUnknownKeys } from './findUnknownKeys.ts';
import type { LoadedSettings, LoadOptions } from './loadSettings.ts';
import type { Problem } from './problem.ts';
import { defaultSettings, type RuntimeKind, runtimeKinds } from './settings.ts';
import { layerValues } from './values/layerValues.ts';
import { parseValues, type ValuesInput } from './values/parseValues.ts';
import { entryAt } from './values/plainValue.ts';
import { problemAt } from './values/problemAt.ts';
import { unwrapValues } from './values/unwrapValues.ts';
import type { MapNode } from './values/valueNode.ts';

/** Parses, layers, checks and applies one or more files. Every problem of every file is found in one go. */
export function interpretValues(inputs: readonly ValuesInput[], options: LoadOptions = {}): LoadedSettings {
  const problems: Problem[] = [];
  let values: MapNode | undefined;
  for (const input of inputs) {
    const parsed = parseValues(input);
    problems.push(...parsed.problems);
    if (!parsed.root) continue;
    const encrypted = findEncryption(parsed.root);
    if (encrypted) {
      problems.push(encrypted);
      continue;
    }
    const root = unwrapValues(parsed.root);
    problems.push(...findUnknownKeys(root));
    values = values ? layerValues(values, root) : root;
  }
  return applyLayered({ values, problems, inputs, options });
}

/** Files that were parsed and laid over each other, and what was wrong with each of them. */
interface Layered {
  values: MapNode | undefined;
  problems: readonly Problem[];
  inputs: readonly ValuesInput[];
  options: LoadOptions;
}

function applyLayered(layered: Layered): LoadedSettings {
  const { values, inputs, options } = layered;
  const settings = defaultSettings();
  const problems = [...layered.problems];
  const runtime = options.runtime ?? chosenRuntime(values) ?? settings.runtime.kind;
  if (values) problems.push(...applyValues(values, settings, runtime));
  settings.runtime.kind = runtime;
  // Contradictions mean something only when every value could be read.
  const broken = problems.some(({ severity }) => severity === 'error');
  if (values && !broken) problems.push(...checkTogether(settings, values));
  const loaded = { settings, problems: inOrder(problems, inputs) };
  if (!values) return loaded;
  return { ...loaded, values, amend: (change) => applyLayered({ ...layered, values: change(values) }) };
}

/** `atoll.runtime.kind`, which decides what becomes of all other keys; undefined when it is not, or not well, written. */
function chosenRuntime(values: MapNode | undefined): RuntimeKind | undefined {
  const written = values && entryAt(values, ['atoll', 'runtime', 'kind'])?.value;
  return runtimeKinds.find((kind) => written?.kind === 'scalar' && written.value === kind);
}

/** A file that SOPS encrypted has a map `sops` with its message authentication code. */
function findEncryption(root: MapNode): Problem | undefined {
  const sops = root.entries.get('sops');
  if (sops?.value.kind !== 'map' || !sops.value.entries.has('mac')) return undefined;
  return problemAt(sops.keyPlace, {
    code: 'ATOLL_SETTINGS_ENCRYPTED',
    severity: 'error',
    message: 'The file is encrypted with SOPS, and Atoll cannot read it.',
    path: [],
  });
}

function inOrder(problems: readonly Problem[], inputs: readonly ValuesInput[]): Problem[] {
  const fileOrder = new Map(inputs.map(({ name }, index) => [name, index]));
  const rank = ({ severity, file }: Problem): number => (severity === 'error' ? 0 : 1e6) + (fileOrder.get(file) ?? 0);
  return [...problems].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}
