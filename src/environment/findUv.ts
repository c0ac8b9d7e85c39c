import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AtollError } from '../core/errors.ts';
import { IndexClient } from './indexClient.ts';
import type { PackageIndex } from './packageIndex.ts';
import { readZipEntry } from './readZipEntry.ts';

/** The version of uv that Atoll fetches; a later one on PATH is used instead. */
const version = '0.13.9';

/** The wheels of that version by `process.arch`, each with its SHA-256. */
const wheels: Readonly<Record<string, { file: string; sha256: string }>> = {
  x64: {
    file: `uv-${version}-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`,
    sha256: 'd7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19',
  },
  arm64: {
    file: `uv-${version}-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl`,
    sha256: '5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe',
  },
};

const largestPage = 64 * 1024 * 1024;
const largestWheel = 128 * 1024 * 1024;

/** How {@link findUv} works; the defaults are what a person gets. */
export interface UvOptions {
  /** Where a fetched uv is kept. */
  directory: string;
  index: PackageIndex;
  onProgress: (line: string) => void;
  signal?: AbortSignal | undefined;
  path?: string;
  /** The wheel to fetch; null: none is known for this machine. */
  wheel?: { file: string; sha256: string } | null;
}

/**
 * The path of a uv that is new enough: one on PATH, one fetched earlier, or one fetched now from the package index and
 * checked against its SHA-256 before anything of it is used.
 * @throws AtollError ATOLL_UV_UNAVAILABLE, ATOLL_INDEX_UNREACHABLE, ATOLL_CHECKSUM_MISMATCH
 */
export async function findUv(options: UvOptions): Promise<string> {
  const { path = process.env.PATH ?? '', wheel = process.platform === 'linux' ? wheels[process.arch] : null } = options;
  for (const folder of path.split(':').filter((entry) => entry.startsWith('/'))) {
    const candidate = join(folder, 'uv');
    if (existsSync(candidate) && (await isNewEnough(candidate))) return candidate;
  }
  const kept = join(options.directory, `uv-${version}`);
  if (existsSync(kept)) return kept;
  if (!wheel)
    throw new AtollError('ATOLL_UV_UNAVAILABLE', `Atoll cannot fetch uv for this kind of machine.`, {
      evidence: `${process.platform} on ${process.arch}`,
    });
  options.onProgress(`Python environment: fetching uv ${version}, the installer`);
  const program = readZipEntry(await fetchWheel(options, wheel), `uv-${version}.data/scripts/uv`);
  await mkdir(options.directory, { recursive: true });
  const temporary = `${kept}.${process.pid}.new`;
  try {
    await writeFile(temporary, program, { mode: 0o755 });
    await rename(temporary, kept);
  } catch (error) {
    // It may be what fills the disk.
    await rm(temporary, { force: true });
    throw error;
  }
  return kept;
}

async function isNewEnough(path: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 20_000 });
    const found = /^uv (\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number) ?? [];
    const needed = version.split('.').map(Number);
    for (const [index, number] of needed.entries()) if (found[index] !== number) return (found[index] ?? 0) > number;
    return true;
  } catch {
    return false;
  }
}

async function fetchWheel(options: UvOptions, wheel: { file: string; sha256: string }): Promise<Buffer> {
  const client = new IndexClient(options.index, options.signal);
  try {
    const page = await client.get(
      new URL('uv/', options.index.url).href,
      'application/vnd.pypi.simple.v1+json, text/html;q=0.5',
      largestPage,
    );
    const address = addressOnPage(page.body.toString('utf8'), page.type, wheel.file);
    if (address === undefined)
      throw new AtollError('ATOLL_UV_UNAVAILABLE', 'The package index does not have the uv that Atoll needs.', {
        evidence: `No ${wheel.file} at ${new URL(page.url).host}.`,
      });
    const { body } = await client.get(new URL(address, page.url).href, '*/*', largestWheel);
    const digest = createHash('sha256').update(body).digest('hex');
    if (digest !== wheel.sha256)
      throw new AtollError('ATOLL_CHECKSUM_MISMATCH', 'A fetched package is not the one that Atoll expects.', {
        evidence: `${wheel.file} has the SHA-256 ${digest} instead of ${wheel.sha256}.`,
      });
    return body;
  } finally {
    await client.close();
  }
}

/** The address of a file on a page of the simple index (PEP 503 and 691). */
function addressOnPage(page: string, type: string, file: string): string | undefined {
  if (type.includes('json')) {
    const { files } = JSON.parse(page) as { files: { filename: string; url: string }[] };
    return files.find(({ filename }) => filename === file)?.url;
  }
  const links = [...page.matchAll(/<a\s[^>]*?href\s*=\s*"([^"]+)"[^>]*>\s*([^<]+?)\s*<\/a>/gi)];
  return links.find(([, , text]) => text === file)?.[1]?.replaceAll('&amp;', '&');
}
