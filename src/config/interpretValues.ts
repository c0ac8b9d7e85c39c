import { applyValues } from './applyValues.ts';
import { checkTogether } from './checkTogether.ts';
import { isAgeFile, isSopsFile } from './encrypted/isEncrypted.ts';
import { findUnknownKeys } from './findUnknownKeys.ts';
import type { LoadedSettings, LoadOptions } from './loadSettings.ts';
import type { Problem } from './problem.ts';
import { defaultSettings, type RuntimeKind, runtimeKinds } from './settings.ts';
import { hideSecretValues } from './values/hideSecretValues.ts';
import { layerValues } from './values/layerValues.ts';
import { parseValues, type ValuesInput } from './values/parseValues.ts';
import { entryAt } from './values/plainValue.ts';
import { markReferences, resolveReferences } from './values/references.ts';
import { unwrapValues } from './values/unwrapValues.ts';
import type { MapNode } from './values/valueNode.ts';

/** Decrypts, parses, layers, checks and applies one or more files. Every problem of every file is found in one go. */
export async function interpretValues(
  inputs: readonly ValuesInput[],
  options: LoadOptions = {},
): Promise<LoadedSettings> {
  const problems: Problem[] = [];
  const layers: MapNode[] = [];
  for (const input of inputs) {
    const file = await openFile(input);
    problems.push(...file.problems);
    if (!file.root) continue;
    const root = markReferences(unwrapValues(file.root));
    problems.push(...findUnknownKeys(root));
    layers.push(root);
  }
  if (layers.length === 0) return applyLayered({ values: undefined, layers, problems, inputs, options });
  const { root: values, problems: unread } = resolveReferences(layers.reduce(layerValues));
  return applyLayered({ values, layers, problems: [...problems, ...unread], inputs, options });
}

/** Parses a file, decrypted. The libraries for that are loaded only when it is encrypted. */
async function openFile(input: ValuesInput): Promise<{ root?: MapNode; problems: readonly Problem[] }> {
  if (isAgeFile(input.text)) {
    const { decryptAgeFile } = await import('./encrypted/decryptAgeFile.ts');
    const decrypted = await decryptAgeFile(input);
    return 'problem' in decrypted ? { problems: [decrypted.problem] } : parseValues(decrypted.input);
  }
  const parsed = parseValues(input);
  if (!parsed.root || !isSopsFile(parsed.root)) return parsed;
  const { decryptSops } = await import('./encrypted/decryptSops.ts');
  const decrypted = await decryptSops(parsed.root);
  return 'problem' in decrypted ? { problems: [decrypted.problem] } : { root: decrypted.root, problems: [] };
}

/** Files that were parsed and laid over each other, and what was wrong with each of them. */
interface Layered {
  values: MapNode | undefined;
  layers: readonly MapNode[];
  problems: readonly Problem[];
  inputs: readonly ValuesInput[];
  options: LoadOptions;
}

function applyLayered(layered: Layered): LoadedSettings {
  const { values, layers, inputs, options } = layered;
  const settings = defaultSettings();
  const problems = [...layered.problems];
  const runtime = options.runtime ?? chosenRuntime(values) ?? settings.runtime.kind;
  if (values) problems.push(...applyValues(values, settings, runtime));
  settings.runtime.kind = runtime;
  // Contradictions mean something only when every value could be read.
  const broken = problems.some(({ severity }) => severity === 'error');
  if (values && !broken) problems.push(...checkTogether(settings, values));
  const loaded = { settings, problems: hideSecretValues(inOrder(problems, inputs), values ? [values, ...layers] : []) };
  if (!values) return loaded;
  return { ...loaded, values, layers, amend: (change) => applyLayered({ ...layered, values: change(values) }) };
}

/** `atoll.runtime.kind`, which decides what becomes of all other keys; undefined when it is not, or not well, written. */
function chosenRuntime(values: MapNode | undefined): RuntimeKind | undefined {
  const written = values && entryAt(values, ['atoll', 'runtime', 'kind'])?.value;
  return runtimeKinds.find((kind) => written?.kind === 'scalar' && written.value === kind);
}

function inOrder(problems: readonly Problem[], inputs: readonly ValuesInput[]): Problem[] {
  const fileOrder = new Map(inputs.map(({ name }, index) => [name, index]));
  const rank = ({ severity, file }: Problem): number => (severity === 'error' ? 0 : 1e6) + (fileOrder.get(file) ?? 0);
  return [...problems].sort((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}
