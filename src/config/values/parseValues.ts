import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type ScalarTag,
  type Tags,
  type YAMLError,
  YAMLParseError,
} from 'yaml';
import type { ErrorCode } from '../../core/errorTable.ts';
import { quoted } from '../maskSecrets.ts';
import { mostProblems, type Path, type Problem } from '../problem.ts';
import { describeYamlError } from './describeYamlError.ts';

import { problemAt } from './problemAt.ts';
import { deepestNesting, readTokens } from './readTokens.ts';
import type { MapEntry, MapNode, Place, ScalarNode, ValueNode, ValuesFile } from './valueNode.ts';
import { placeText } from './valueNode.ts';

/** Values in a settings file at most, aliases unfolded. The largest real files have some 2 000. */
const mostValues = 100_000;
const tooMany = `The file holds more than ${mostValues} values, its aliases unfolded.`;
/** Beyond some, errors only follow from the first ones. */
const mostYamlErrors = 20;

/** A file's name and text. */
export interface ValuesInput {
  name: string;
  text: string;
  /** No value of it is ever shown: it was encrypted as a whole. */
  secret?: boolean;
  /** What its references refer to (by `referenceName`), where that was read before. */
  references?: Readonly<Record<string, string>>;
  /** The key of its values in base64, where SOPS encrypted them and somebody had a key for that key. */
  dataKey?: string;
}

/**
 * Reads one settings file as Helm reads it: YAML 1.1, so that `yes` and `on` are true and `0644` is octal; anchors, aliases
 * and merge keys; times, dates and base-60 numbers stay text. Never throws: what is wrong is in `problems`, and then `root`
 * is undefined.
 */
export function parseValues(input: ValuesInput): { root?: MapNode; problems: Problem[] } {
  const { text } = input;
  const reader = new Reader(valuesFile(input));
  const read = readTokens(text);
  if ('excess' in read) return reader.refuse('ATOLL_SETTINGS_TOO_LARGE', read.excess);
  // YAML forbids them, and a terminal would obey them.
  const control = text.search(/[^\P{Cc}\t\n\r\u0085]/u);
  if (control >= 0) return reader.refuse('ATOLL_SETTINGS_ENCODING', 'The file holds a control character.', control);
  const composer = new Composer({
    version: '1.1',
    merge: true,
    customTags: helmTags,
    // Duplicates are found below, where both places can be named.
    uniqueKeys: false,
  });
  const [document, second] = composer.compose(read.tokens, true, text.length);
  if (second)
    document?.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', 'Several documents'));
  return document ? reader.read(document) : { problems: [] };
}

function valuesFile({ name, text, secret = false, references = {} }: ValuesInput): ValuesFile {
  let counter: LineCounter | undefined;
  let lines: string[] | undefined;
  return {
    name,
    secret,
    references,
    lines: () => {
      lines ??= text.split(/\r?\n/);
      return lines;
    },
    positionAt: (offset) => {
      if (!counter) {
        counter = new LineCounter();
        counter.addNewLine(0);
        for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) counter.addNewLine(end + 1);
      }
      const { line, col } = counter.linePos(Math.min(offset, text.length));
      return { line, column: col };
    },
  };
}

// Helm's YAML library knows no base-60 numbers (12:30), hands times and dates on as text, and takes octal numbers in the
// spelling of YAML 1.2 (0o644) too.
function helmTags(tags: Tags): Tags {
  return [
    octal,
    ...tags.filter(
      (tag) =>
        typeof tag === 'string' || (tag.format !== 'TIME' && !/:(?:timestamp|binary|omap|pairs|set)$/.test(tag.tag)),
    ),
  ];
}

const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  format: 'OCT',
  test: /^[-+]?0o[0-7]+$/,
  resolve: (text) => Number(text.replace(/^[-+]/, '')) * (text.startsWith('-') ? -1 : 1),
};

/** Thrown to leave a file that unfolds to too much. */
class TooLarge extends Error {}

class Reader {
  readonly #file: ValuesFile;
  readonly #problems: Problem[] = [];
  /** What each anchor stands for so far; `open` while its own value is being read. */
  readonly #anchors = new Map<string, ValueNode | 'open'>();
  /** Number of values in a node, aliases unfolded. */
  readonly #sizes = new WeakMap<ValueNode, number>();
  /** Keys taken over by merge keys so far. */
  #merged = 0;

  constructor(file: ValuesFile) {
    this.#file = file;
  }

  read(document: Document.Parsed): { root?: MapNode; problems: Problem[] } {
    for (const error of [...document.errors, ...document.warnings].slice(0, mostYamlErrors)) this.#addYamlError(error);
    if (this.#problems.length > 0) return { problems: this.#problems };
    const { contents } = document;
    if (contents === null || (isScalar(contents) && contents.value === null)) return this.#done(this.#emptyMap(0));
    if (!isMap(contents)) {
      const [offset] = contents.range;
      this.#add('ATOLL_SETTINGS_NOT_A_MAP', offset, `The file holds ${kindOf(contents)} instead of keys and values.`);
      return { problems: this.#problems };
    }
    try {
      return this.#done(this.#node(contents, []) as MapNode);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      return this.refuse('ATOLL_SETTINGS_TOO_LARGE', error.message);
    }
  }

  /** The answer for a file that is not read at all. */
  refuse(code: ErrorCode, message: string, offset = 0): { problems: Problem[] } {
    const position = this.#file.positionAt(offset);
    return { problems: [{ code, severity: 'error', message, file: this.#file.name, ...position, path: '' }] };
  }

  #done(root: MapNode): { root?: MapNode; problems: Problem[] } {
    return this.#problems.length > 0 ? { problems: this.#problems } : { root, problems: [] };
  }

  /** Reads a node of the YAML tree. Document order matters: an alias means the last anchor of that name before it. */
  #node(node: unknown, path: Path): ValueNode {
    if (path.length > deepestNesting) throw new TooLarge(`The file is nested more than ${deepestNesting} levels deep.`);
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node), path);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor) this.#anchors.set(anchor, 'open');
    const value = this.#value(node, path);
    if (anchor) this.#anchors.set(anchor, value);
    const size = this.#measure(value);
    if (size > mostValues) throw new TooLarge(tooMany);
    return value;
  }

  #value(node: unknown, path: Path): ValueNode {
    const place = this.#place(offsetOf(node));
    if (isSeq(node))
      return { kind: 'list', place, items: node.items.map((item, index) => this.#node(item, [...path, index])) };
    if (isMap(node)) return this.#map(node.items, place, path);
    const value = isScalar(node) ? node.value : null;
    if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
      return this.#scalar(place, value, (isScalar(node) && node.source) || String(value));
    // A merge mark (<<) in the place of a value is only text.
    if (typeof value === 'symbol') return this.#scalar(place, '<<', '<<');
    return { kind: 'scalar', place, value: null, source: 'null' };
  }

  #scalar(place: Place, value: string | number | boolean, source: string): ScalarNode {
    return { kind: 'scalar', place, value, source, ...(place.file.secret && { secret: true }) };
  }

  #map(pairs: readonly Pair[], place: Place, path: Path): MapNode {
    const entries = new Map<string, MapEntry>();
    const mergedKeys = new Map<string, MapEntry>();
    for (const { key, value } of pairs) {
      if (isMergeKey(key)) {
        this.#merge(this.#node(value, path), mergedKeys);
        continue;
      }
      const name = this.#keyName(key);
      if (name === undefined) continue;
      const keyPlace = this.#place(offsetOf(key));
      const before = entries.get(name);
      if (before)
        this.#add(
          'ATOLL_SETTINGS_DUPLICATE_KEY',
          keyPlace.offset,
          `The key ${quoted(name)} stands here a second time; the first is at ${placeText(before.keyPlace)}.`,
          [...path, name],
        );
      entries.set(name, { keyPlace, value: this.#node(value, [...path, name]) });
    }
    for (const [name, entry] of mergedKeys) if (!entries.has(name)) entries.set(name, entry);
    return { kind: 'map', place, entries };
  }

  /** Takes over the keys of a merge key's map or maps (`<<: *a`, `<<: [*a, *b]`); earlier ones win. */
  #merge(source: ValueNode, into: Map<string, MapEntry>): void {
    for (const map of source.kind === 'list' ? source.items : [source]) {
      if (map.kind !== 'map') {
        this.#add('ATOLL_SETTINGS_YAML', map.place.offset, 'A merge key (<<) takes a map, or a list of maps.');
        continue;
      }
      this.#merged += map.entries.size;
      if (this.#merged > mostValues) throw new TooLarge(tooMany);
      for (const [name, entry] of map.entries) if (!into.has(name)) into.set(name, entry);
    }
  }

  #alias(name: string, offset: number, path: Path): ValueNode {
    const target = this.#anchors.get(name);
    if (target !== undefined && target !== 'open') return target;
    this.#add(
      'ATOLL_SETTINGS_YAML',
      offset,
      // Its name may be a password that begins with an asterisk.
      target === 'open'
        ? 'This alias stands inside the value that it refers to.'
        : 'This alias refers to no anchor before it: put a text that begins with * in quotes.',
      path,
    );
    return { kind: 'scalar', place: this.#place(offset), value: null, source: 'null' };
  }

  #keyName(key: unknown): string | undefined {
    if (isScalar(key) && key.value !== null) return typeof key.value === 'string' ? key.value : key.source;
    this.#add(
      'ATOLL_SETTINGS_YAML',
      offsetOf(key),
      isScalar(key)
        ? 'A key is missing before the colon.'
        : 'A key is plain text; here it is a map, a list or an alias.',
    );
    return undefined;
  }

  #measure(node: ValueNode): number {
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    let size = 1;
    if (node.kind === 'list') for (const item of node.items) size += this.#measure(item);
    if (node.kind === 'map') for (const { value } of node.entries.values()) size += this.#measure(value);
    this.#sizes.set(node, size);
    return size;
  }

  #emptyMap(offset: number): MapNode {
    return { kind: 'map', place: this.#place(offset), entries: new Map() };
  }

  #place(offset: number): Place {
    return { file: this.#file, offset };
  }

  #addYamlError(error: YAMLError): void {
    const { code, message } = describeYamlError(error);
    this.#add(code, error.pos[0], message);
  }

  #add(code: ErrorCode, offset: number, message: string, path: Path = []): void {
    if (this.#problems.length >= mostProblems) return;
    const problem = problemAt(this.#place(offset), { code, severity: 'error', message, path });
    const last = this.#problems.at(-1);
    // The parser says the same of each bracket that is open there.
    if (last && last.line === problem.line && last.message === message) return;
    this.#problems.push(problem);
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN'));
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}

function kindOf(node: unknown): string {
  return isSeq(node) ? 'a list' : 'a single value';
}
