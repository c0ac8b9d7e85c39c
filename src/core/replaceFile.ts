import { renameSync, writeFileSync } from 'node:fs';

/**
 * Replaces a private file (mode 0600) so that whoever reads it, or is killed meanwhile, finds the old or the new one, whole.
 * @param flush presses its content onto the disk first; not needed for what ends with the machine anyway. Default false.
 */
export function replaceFile(path: string, content: string, { flush = false }: { flush?: boolean } = {}): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, content, { mode: 0o600, flush });
  renameSync(temporary, path);
}
