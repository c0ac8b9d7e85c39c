import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import type { Problem } from '../problem.ts';
import { plainValue } from '../values/plainValue.ts';
import { problemAt } from '../values/problemAt.ts';
import type { MapEntry, MapNode, ScalarNode, ValueNode } from '../values/valueNode.ts';
import { ageDecrypter } from './ageKeys.ts';

/** A file without its encryption and the key of its values (base64), or why it could not be read. */
export type Decrypted = { root: MapNode; dataKey: string } | { problem: Problem };

/**
 * Decrypts a file of SOPS with an age key of the person (getsops.io, "Encryption Protocol"): every value is encrypted on
 * its own with AES-256-GCM under one data key, its path authenticated with it; the data key stands in the file, encrypted
 * for each recipient; and a code over all values shows that none was added, changed or taken away.
 * @param sops the file's entry of that name.
 * @param dataKey the data key in base64, where it is known already.
 */
export async function decryptSops(root: MapNode, sops: MapEntry, dataKey?: string): Promise<Decrypted> {
  const { entries } = root;
  const fail = (message: string): Decrypted => ({
    problem: problemAt(sops.keyPlace, { code: 'ATOLL_SETTINGS_ENCRYPTED', severity: 'error', message, path: [] }),
  });
  const metadata = plainValue(sops.value) as Metadata;
  const found = dataKey === undefined ? await findDataKey(metadata) : { key: Buffer.from(dataKey, 'base64') };
  if ('failure' in found) return fail(`The file is encrypted with SOPS${found.failure}`);
  const { key } = found;
  const values: MapNode = { ...root, entries: new Map([...entries].filter(([name]) => name !== 'sops')) };
  try {
    const tree = new Tree(key, metadata.mac_only_encrypted === true);
    const decrypted = tree.decrypt(values);
    const expected = decryptText(String(metadata.mac), key, String(metadata.lastmodified)).text;
    if (!isSame(tree.code(), expected))
      return fail('The file was changed after SOPS encrypted it: its message authentication code does not fit.');
    return { root: decrypted, dataKey: Buffer.from(key).toString('base64') };
  } catch {
    return fail('The file was changed after SOPS encrypted it: a value cannot be decrypted.');
  }
}

/** The data key, decrypted with an age key of the person; or why there is none, as the end of a sentence. */
async function findDataKey({ age, key_groups }: Metadata): Promise<{ key: Uint8Array } | { failure: string }> {
  const recipients = Array.isArray(age) ? age : [];
  if (recipients.length === 0) return { failure: ', but not for an age key, and Atoll reads no other kind.' };
  if (key_groups !== undefined) return { failure: ' for several groups of keys, which Atoll cannot read.' };
  const decrypter = await ageDecrypter();
  if (!decrypter) return { failure: ', and there is no age key to decrypt it with.' };
  let key: Uint8Array | undefined;
  for (const { enc } of recipients) key ??= await decrypter.decrypt(String(enc)).catch(() => undefined);
  return key?.length === 32 ? { key } : { failure: ' for other age keys than those that are here.' };
}

/** The part of `sops:` that is read. */
interface Metadata {
  age?: { recipient?: unknown; enc?: unknown }[];
  key_groups?: unknown;
  lastmodified?: unknown;
  mac?: unknown;
  mac_only_encrypted?: unknown;
}

/** With this, a code over the encrypted values only begins, so that it never equals one over all values. */
const onlyEncryptedStart = createHash('sha256').update('sops').digest();

const encryptedText = /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]/;

/** Decrypts the values of a file in their order, and computes the code over them. */
class Tree {
  readonly #key: Uint8Array;
  readonly #onlyEncrypted: boolean;
  readonly #hash = createHash('sha512');

  constructor(key: Uint8Array, onlyEncrypted: boolean) {
    this.#key = key;
    this.#onlyEncrypted = onlyEncrypted;
    if (onlyEncrypted) this.#hash.update(onlyEncryptedStart);
  }

  decrypt(map: MapNode, path: readonly string[] = []): MapNode {
    const entries = [...map.entries].map(([name, entry]): [string, MapEntry] => [
      name,
      { ...entry, value: this.#node(entry.value, [...path, name]) },
    ]);
    return { ...map, entries: new Map(entries) };
  }

  code(): string {
    return this.#hash.digest('hex').toUpperCase();
  }

  /** The members of a list have the list's own path. */
  #node(node: ValueNode, path: readonly string[]): ValueNode {
    if (node.kind === 'map') return this.decrypt(node, path);
    if (node.kind === 'list') return { ...node, items: node.items.map((item) => this.#node(item, path)) };
    if (typeof node.value !== 'string' || !encryptedText.test(node.value)) {
      if (!this.#onlyEncrypted && node.value !== null) this.#hash.update(textOf(node));
      return node;
    }
    const { text, type } = decryptText(node.value, this.#key, `${path.join(':')}:`);
    this.#hash.update(text);
    return { ...node, value: valueOf(text, type), source: text, secret: true };
  }
}

/** A value that is not encrypted, as SOPS's own YAML (1.2) and its code have it. */
function textOf({ value, source }: ScalarNode): string {
  if (typeof value === 'boolean') return /^true$/i.test(source) ? 'True' : /^false$/i.test(source) ? 'False' : source;
  if (typeof value === 'number') return value.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 20 });
  return String(value);
}

function valueOf(text: string, type: string): string | number | boolean {
  if (type === 'int' || type === 'float') return Number(text);
  return type === 'bool' ? text === 'True' : text;
}

/** @throws Error when the key or the authenticated `data` do not fit. */
function decryptText(encrypted: string, key: Uint8Array, data: string): { text: string; type: string } {
  const [, text = '', iv = '', tag = '', type = ''] = encryptedText.exec(encrypted) ?? [];
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(data));
  decipher.setAuthTag(Buffer.from(tag, 'base64'));
  const plain = Buffer.concat([decipher.update(Buffer.from(text, 'base64')), decipher.final()]);
  return { text: new TextDecoder('utf-8', { fatal: true }).decode(plain), type };
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
