import { entryAt } from '../values/plainValue.ts';
import type { MapEntry, MapNode } from '../values/valueNode.ts';

/** How a file of `age` begins in its form for text files. */
export const ageBeginning = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Whether a whole file was encrypted by `age` (age-encryption.org). */
export function isAgeFile(text: string): boolean {
  return text.trimStart().startsWith(ageBeginning);
}

/** The text of a binary age file in the form for text files, in which it can be kept and read like all others. */
export function armored(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `${[ageBeginning, ...lines, '-----END AGE ENCRYPTED FILE-----'].join('\n')}\n`;
}

/** What SOPS says about a file whose values it encrypted: a map `sops` with a message authentication code. */
export function sopsEntry(root: MapNode): MapEntry | undefined {
  return entryAt(root, ['sops', 'mac']) && root.entries.get('sops');
}
