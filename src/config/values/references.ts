import { dirname, resolve } from 'node:path';
import { systemCodeOf } from '../../core/errors.ts';
import { quoted } from '../maskSecrets.ts';
import type { Path, Problem } from '../problem.ts';
import { problemAt } from './problemAt.ts';
import { readRegularFile } from './readBounded.ts';
import type { MapNode, Reference, ScalarNode, ValueNode, ValuesFile } from './valueNode.ts';

/** Bytes that a file with a secret may have. Certificates and keys have a few thousand. */
const mostBytes = 2 ** 20;

/**
 * Makes one value of each reference (`{fromEnv: NAME}`, `{fromFile: path}`), so that layers replace it as a whole. What it
 * refers to is read by {@link resolveReferences}, once it is known which of them count.
 */
export function markReferences(node: MapNode): MapNode;
export function markReferences(node: ValueNode): ValueNode;
export function markReferences(node: ValueNode): ValueNode {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => markReferences(item)) };
  const reference = referenceOf(node);
  if (reference) return { kind: 'scalar', place: node.place, value: '', source: '', secret: true, reference };
  const entries = new Map(
    [...node.entries].map(([name, entry]) => [name, { ...entry, value: markReferences(entry.value) }]),
  );
  return { ...node, entries };
}

function referenceOf({ entries }: MapNode): Reference | undefined {
  const [[name, { value }] = ['', { value: undefined }], ...others] = entries;
  if (others.length > 0 || value?.kind !== 'scalar' || typeof value.value !== 'string') return undefined;
  if (name === 'fromEnv') return { kind: 'environment', name: value.value };
  return name === 'fromFile' ? { kind: 'file', path: value.value } : undefined;
}

/** Layered values with what their references refer to. */
export interface ResolvedReferences {
  root: MapNode;
  /** What could not be read. */
  problems: Problem[];
  /** What was read for each file, by {@link referenceName}. */
  found: ReadonlyMap<ValuesFile, Readonly<Record<string, string>>>;
  /** The paths of all files that are referred to, whether or not they could be read. */
  files: readonly string[];
}

/** Puts what the references of the layered values refer to in their place. */
export function resolveReferences(layered: MapNode): ResolvedReferences {
  const problems: Problem[] = [];
  const found = new Map<ValuesFile, Record<string, string>>();
  const files = new Set<string>();
  const visit = (node: ValueNode, path: Path): ValueNode => {
    if (node.kind === 'list') return { ...node, items: node.items.map((item, index) => visit(item, [...path, index])) };
    if (node.kind === 'map') return visitMap(node, path);
    return node.reference ? resolved(node, node.reference, path) : node;
  };
  const visitMap = (node: MapNode, path: Path): MapNode => ({
    ...node,
    entries: new Map(
      [...node.entries].map(([name, entry]) => [name, { ...entry, value: visit(entry.value, [...path, name]) }]),
    ),
  });
  const resolved = (node: ScalarNode, reference: Reference, path: Path): ScalarNode => {
    const { file } = node.place;
    if (reference.kind === 'file') files.add(pathOf(reference.path, file));
    const read = readReference(reference, file);
    if ('text' in read) {
      found.set(file, { ...found.get(file), [referenceName(reference)]: read.text });
      return { ...node, value: read.text, source: read.text };
    }
    problems.push(
      problemAt(node.place, { code: 'ATOLL_SETTINGS_REFERENCE', severity: 'error', message: read.failure, path }),
    );
    // As if it were not written, so that nothing else is said about it.
    return { ...node, value: null };
  };
  const root = visitMap(layered, []);
  return { root, problems, found, files: [...files] };
}

/** By what a file tells its references apart. */
function referenceName(reference: Reference): string {
  return reference.kind === 'file' ? `file ${reference.path}` : `variable ${reference.name}`;
}

/** Beside the settings file, wherever Atoll was started; standard input has no place of its own. */
function pathOf(path: string, file: ValuesFile): string {
  return resolve(file.name === '<stdin>' ? '.' : dirname(file.name), path);
}

function readReference(reference: Reference, file: ValuesFile): { text: string } | { failure: string } {
  const kept = file.references[referenceName(reference)];
  if (kept !== undefined) return { text: kept };
  if (reference.kind === 'environment') {
    const text = process.env[reference.name];
    if (text === undefined) return { failure: `There is no environment variable ${quoted(reference.name)}.` };
    return { text };
  }
  const path = pathOf(reference.path, file);
  try {
    const bytes = readRegularFile(path, mostBytes);
    if (bytes === 'too long') return { failure: `The file ${quoted(reference.path)} is longer than 1 MiB.` };
    if (bytes === 'no regular file') return { failure: `${quoted(reference.path)} is no regular file.` };
    // Editors and `echo` end a file with a line break, which no secret has.
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '') };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return { failure: `There is no file ${quoted(reference.path)}.` };
    return { failure: `The file ${quoted(reference.path)} cannot be read (${systemCodeOf(error) ?? 'no UTF-8'}).` };
  }
}
