import { applyValues } from './applyValues.ts';
import { checkTogether } from './checkTogether.ts';
import { isAgeFile, sopsEntry } from './encrypted/isEncrypted.ts';
import { findUnknownKeys } from './findUnknownKeys.ts';
import type { LoadedSettings, LoadOptions } from './loadSettings.ts';
import type { Problem } from './problem.ts';
import { defaultSettings, type RuntimeKind, runtimeKinds } from './settings.ts';
import { soundSections } from './soundSections.ts';
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
  const opened: OpenedFile[] = [];
  for (const input of inputs) {
    const file = await openFile(input);
    opened.push(file);
    problems.push(...file.problems);
    if (!file.root) continue;
    const root = markReferences(unwrapValues(file.root));
    problems.push(...findUnknownKeys(root));
    layers.push(root);
  }
  if (layers.length === 0)
    return applyLayered({ values: undefined, layers, problems, inputs, referredFiles: [], options });
  const resolved = resolveReferences(layers.reduce(layerValues));
  return applyLayered({
    values: resolved.root,
    layers,
    problems: [...problems, ...resolved.problems],
    inputs: opened.map(({ input, root }) => {
      const references = root && resolved.found.get(root.place.file);
      return references ? { ...input, references } : input;
    }),
    referredFiles: resolved.files,
    options,
  });
}

/** A file without its encryption. */
interface OpenedFile {
  /** As it can be opened again without the person's keys. */
  input: ValuesInput;
  root?: MapNode;
  problems: readonly Problem[];
}

/** Parses a file, decrypted. The libraries for that are loaded only when it is encrypted. */
async function openFile(input: ValuesInput): Promise<OpenedFile> {
  if (isAgeFile(input.text)) {
    const { decryptAgeFile } = await import('./encrypted/decryptAgeFile.ts');
    const decrypted = await decryptAgeFile(input);
    if ('problem' in decrypted) return { input, problems: [decrypted.problem] };
    return { input: decrypted.input, ...parseValues(decrypted.input) };
  }
  const parsed = parseValues(input);
  const sops = parsed.root && sopsEntry(parsed.root);
  if (!parsed.root || !sops) return { input, ...parsed };
  const { decryptSops } = await import('./encrypted/decryptSops.ts');
  const decrypted = await decryptSops(parsed.root, sops, input.dataKey);
  if ('problem' in decrypted) return { input, problems: [decrypted.problem] };
  const { root, dataKey } = decrypted;
  return { input: { ...input, dataKey }, root, problems: [] };
}

/** Files that were parsed and laid over each other, and what was wrong with each of them. */
interface Layered {
  values: MapNode | undefined;
  layers: readonly MapNode[];
  problems: readonly Problem[];
  /** As they can be read again anywhere. */
  inputs: readonly ValuesInput[];
  referredFiles: readonly string[];
  options: LoadOptions;
}

function applyLayered(layered: Layered): LoadedSettings {
  const { values, layers, inputs, referredFiles, options } = layered;
  const settings = defaultSettings();
  const problems = [...layered.problems];
  const runtime = options.runtime ?? chosenRuntime(values) ?? settings.runtime.kind;
  if (values) problems.push(...applyValues(values, settings, runtime));
  settings.runtime.kind = runtime;
  if (values) problems.push(...checkTogether(settings, values, soundSections(problems)));
  const loaded = {
    settings,
    problems: hideSecretValues(inOrder(problems, inputs), values ? [values, ...layers] : []),
    inputs,
    referredFiles,
  };
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
