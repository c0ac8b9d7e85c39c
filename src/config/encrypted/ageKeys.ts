import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What decrypts with the person's own age keys. */
export interface AgeDecrypter {
  /** @throws Error when none of the keys fits, or the text was changed. */
  decrypt(armored: string): Promise<Uint8Array>;
}

/**
 * The age keys that SOPS would use, in the same places: `SOPS_AGE_KEY`, the file `SOPS_AGE_KEY_FILE`, and
 * `sops/age/keys.txt` in the person's folder of settings. Undefined when there are none.
 */
export async function ageDecrypter(): Promise<AgeDecrypter | undefined> {
  const identities = findIdentities();
  if (identities.length === 0) return undefined;
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  return { decrypt: (armored) => decrypter.decrypt(armor.decode(armored)) };
}

function findIdentities(): string[] {
  const { SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, XDG_CONFIG_HOME } = process.env;
  const files = [
    ...(SOPS_AGE_KEY_FILE ? [SOPS_AGE_KEY_FILE] : []),
    join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'sops/age/keys.txt'),
  ];
  const texts = [SOPS_AGE_KEY ?? '', ...files.map(readKeyFile)];
  return [...new Set(texts.flatMap((text) => text.match(/^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/gm) ?? []))];
}

/** A file of keys is optional, and small. */
function readKeyFile(path: string): string {
  try {
    return statSync(path).size > 2 ** 20 ? '' : readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
