/** A settings file as it was read. */
export interface ValuesFile {
  /** Its path as given, or `<stdin>`. */
  name: string;
  /** Nothing of it but its keys is shown: it was encrypted as a whole. */
  secret: boolean;
  /** What its references refer to, where that was read before. */
  references: Readonly<Record<string, string>>;
  /** Its text, line by line. */
  lines(): readonly string[];
  /** Line and column, both from 1, of a place in the text. */
  positionAt(offset: number): { line: number; column: number };
}

/** Where something stands. */
export interface Place {
  file: ValuesFile;
  /** Characters from the beginning of the file. */
  offset: number;
}

/** A value together with where it was written: what is left of YAML once anchors, aliases and merge keys are resolved. */
export type ValueNode = MapNode | ListNode | ScalarNode;

export interface MapNode {
  kind: 'map';
  place: Place;
  entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  /** Where the key stands. */
  keyPlace: Place;
  value: ValueNode;
}

export interface ListNode {
  kind: 'list';
  place: Place;
  items: readonly ValueNode[];
}

export interface ScalarNode {
  kind: 'scalar';
  place: Place;
  value: string | number | boolean | null;
  /** As it was written: `1.10` stays `1.10` where a number is used as text. */
  source: string;
  /** It was encrypted, or stands somewhere else: it is never shown. */
  secret?: boolean;
  /** Where the value is to be taken from. */
  reference?: Reference;
}

/** What `{fromEnv: NAME}` and `{fromFile: path}` refer to. */
export type Reference = { kind: 'environment'; name: string } | { kind: 'file'; path: string };

/** A place as `file:line:column`. */
export function placeText({ file, offset }: Place): string {
  const { line, column } = file.positionAt(offset);
  return `${file.name}:${line}:${column}`;
}
