import { appendFile, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditRecord } from './auditRecord.ts';

const fileName = /^(\d{4})-(\d{2})\.jsonl$/;
/** Of the end of a file, to find its last line in, in bytes. A line is shorter. */
const endBytes = 64 * 1024;

/** The audit log as files for programs that collect logs: one JSON line an entry, one file a month (`2026-11.jsonl`, UTC). */
export class AuditFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder, takes a line away that was cut short, and returns the id of the last entry (0: none). */
  async open(): Promise<number> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of (await this.#names()).toReversed()) {
      const id = await lastIdOf(join(this.#folder, name));
      if (id > 0) return id;
    }
    return 0;
  }

  /** Adds entries, in order. They are on the disk when this resolves. */
  async append(records: readonly AuditRecord[]): Promise<void> {
    const byMonth = Map.groupBy(records, ({ time }) => `${time.slice(0, 7)}.jsonl`);
    for (const [name, some] of byMonth) {
      const lines = some.map((record) => `${JSON.stringify(record)}\n`).join('');
      await appendFile(join(this.#folder, name), lines, { mode: 0o600, flush: true });
    }
  }

  /** Removes the files of months that ended before `time`, in milliseconds since the epoch. */
  async removeBefore(time: number): Promise<void> {
    for (const name of await this.#names()) {
      const [, year, month] = fileName.exec(name) ?? [];
      // Month counts from 0 here: this is the first moment of the next one.
      if (Date.UTC(Number(year), Number(month)) <= time) await rm(join(this.#folder, name), { force: true });
    }
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.#folder)).filter((name) => fileName.test(name)).sort();
  }
}

async function lastIdOf(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, endBytes));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    const whole = buffer.lastIndexOf('\n') + 1;
    if (whole < buffer.length) await file.truncate(size - buffer.length + whole);
    const line = buffer.subarray(0, Math.max(0, whole - 1));
    return idOf(line.subarray(line.lastIndexOf('\n') + 1).toString('utf8'));
  } finally {
    await file.close();
  }
}

function idOf(line: string): number {
  try {
    const { id } = JSON.parse(line) as { id?: unknown };
    return typeof id === 'number' ? id : 0;
  } catch {
    return 0;
  }
}
