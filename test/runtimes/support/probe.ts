import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A command that runs a piece of Python in a scheduler's process, as a preload: the way to look into a process that a fork
 * server made, since fork servers only run the modules they know. The piece runs before the scheduler begins.
 */
export class Probe {
  readonly #folder = mkdtempSync(join(tmpdir(), 'atoll-probe-'));
  #count = 0;

  /** The command whose process runs `python`, then goes on as a scheduler. */
  command(python: string): string[] {
    this.#count += 1;
    // Other accounts must be able to read the piece.
    chmodSync(this.#folder, 0o755);
    const file = join(this.#folder, `probe_${this.#count}.py`);
    writeFileSync(file, `${python}\n`, { mode: 0o644 });
    const scheduler = ['python', '-m', 'distributed.cli.dask_scheduler', '--no-dashboard', '--host', '127.0.0.1'];
    return [...scheduler, '--port', '0', '--preload', file];
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
