import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUv, type UvOptions } from '../../src/environment/findUv.ts';
import { readZipEntry } from '../../src/environment/readZipEntry.ts';
import { PackageServer, sha256, zip } from './support/packageServer.ts';

const file = 'uv-0.13.9-py3-none-any.whl';
const program = `#!/bin/sh\n# ${'0123456789'.repeat(2000)}\necho "uv 0.13.9"\n`;
const archive = zip({ 'uv-0.13.9.data/scripts/uvx': 'other', 'uv-0.13.9.data/scripts/uv': program });

let directory: string;
let server: PackageServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'atoll-uv-'));
  server = await PackageServer.listen();
  server.files.set(file, archive);
});
afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const options = (more: Partial<UvOptions> = {}): UvOptions => ({
  directory: join(directory, 'kept'),
  index: { url: server.index, knownToUv: true },
  onProgress: () => undefined,
  path: '',
  wheel: { file, sha256: sha256(archive) },
  ...more,
});
const kept = (): string[] => (existsSync(join(directory, 'kept')) ? readdirSync(join(directory, 'kept')) : []);

/** A program named uv in a folder of its own, which says its version. */
const uvOnPath = (name: string, version: string): string => {
  const folder = mkdtempSync(join(directory, `${name}-`));
  writeFileSync(join(folder, 'uv'), `#!/bin/sh\necho "${version}"\n`, { mode: 0o755 });
  return folder;
};

describe('a uv on PATH', () => {
  test.each(['uv 0.13.9 (abc 2026-11-01)', 'uv 0.13.10', 'uv 0.14.0', 'uv 1.0.0'])('%s is used', async (version) => {
    const folder = uvOnPath('good', version);
    expect(await findUv(options({ path: `/nonexistent:${folder}` }))).toBe(join(folder, 'uv'));
    expect(server.requests).toEqual([]);
  });

  test.each(['uv 0.13.8', 'uv 0.9.99', 'uv: a UTF-8 checker', ''])('%j is not', async (version) => {
    const uv = await findUv(options({ path: uvOnPath('old', version) }));
    expect(uv).toBe(join(directory, 'kept/uv-0.13.9'));
  });
});

describe('a uv from the package index', () => {
  test.each([false, true])('is fetched, checked, and kept (a page in HTML: %s)', async (html) => {
    server.html = html;
    const lines: string[] = [];
    const uv = await findUv(options({ onProgress: (line) => lines.push(line) }));
    expect(readFileSync(uv, 'utf8')).toBe(program);
    expect(statSync(uv).mode & 0o111).toBe(0o111);
    expect(lines).toEqual(['Python environment: fetching uv 0.13.9, the installer']);
    const asked = server.requests.length;
    expect(await findUv(options())).toBe(uv);
    expect(server.requests.length).toBe(asked);
  });

  test('with another content is refused, and nothing of it is kept', async () => {
    server.files.set(file, zip({ 'uv-0.13.9.data/scripts/uv': 'evil' }));
    await expect(findUv(options())).rejects.toMatchObject({ code: 'ATOLL_CHECKSUM_MISMATCH' });
    expect(kept()).toEqual([]);
  });

  test('that the index does not have is said to be missing', async () => {
    server.files.set(file.replace('0.13.9', '0.13.8'), archive);
    server.files.delete(file);
    await expect(findUv(options())).rejects.toMatchObject({ code: 'ATOLL_UV_UNAVAILABLE' });
  });

  test.each([
    ['an error', 500],
    ['no such page', 404],
    ['sign-in wanted', 401],
  ])('%s of the index is said', async (_, status) => {
    server.interfere = (_path, response) => {
      response.statusCode = status;
      response.end('secret details');
      return true;
    };
    await expect(findUv(options())).rejects.toMatchObject({
      code: 'ATOLL_INDEX_UNREACHABLE',
      evidence: expect.stringContaining(`status ${status}`) as string,
    });
  });

  test('an index that is not there, or that redirects for ever, is said', async () => {
    server.interfere = (path, response) => {
      response.writeHead(302, { location: path });
      response.end();
      return true;
    };
    await expect(findUv(options())).rejects.toMatchObject({ code: 'ATOLL_INDEX_UNREACHABLE' });
    const gone = { url: server.index, knownToUv: true };
    server.close();
    const error = await findUv(options({ index: gone })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'ATOLL_INDEX_UNREACHABLE',
      nextStep: expect.stringContaining('proxy') as string,
    });
  });

  test('credentials go to the index alone, never into an error', async () => {
    const other = await PackageServer.listen();
    other.files.set(file, archive);
    server.interfere = (path, response) => {
      if (!path.startsWith('/files/')) return false;
      response.writeHead(302, { location: `${other.origin}${path}` });
      response.end();
      return true;
    };
    const url = server.index.replace('//', '//ada:s%40cret@');
    await findUv(options({ index: { url, knownToUv: true } }));
    const sent = `Basic ${Buffer.from('ada:s@cret').toString('base64')}`;
    expect(server.requests[0]?.headers.authorization).toBe(sent);
    expect(other.requests).toHaveLength(1);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
    other.close();
    rmSync(join(directory, 'kept'), { recursive: true });
    const error = await findUv(options({ index: { url, knownToUv: true } })).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).not.toContain('cret');
    expect(String(error)).not.toContain('cret');
  });

  test('is fetched through the proxy that the environment names', async () => {
    const proxied: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      proxied.push(request.url ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = proxy.address();
    process.env.HTTPS_PROXY = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    try {
      const index = { url: 'https://index.invalid/simple/', knownToUv: true };
      await expect(findUv(options({ index }))).rejects.toMatchObject({ code: 'ATOLL_INDEX_UNREACHABLE' });
      expect(proxied).toEqual(['index.invalid:443']);
    } finally {
      delete process.env.HTTPS_PROXY;
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  test('for a machine without a known wheel there is a word for it', async () => {
    const error = await findUv({ ...options(), wheel: null }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ATOLL_UV_UNAVAILABLE' });
  });

  test('can be given up', async () => {
    server.interfere = () => true;
    const controller = new AbortController();
    const search = findUv(options({ signal: controller.signal }));
    setTimeout(() => controller.abort(new Error('no longer wanted')), 100);
    await expect(search).rejects.toThrow('no longer wanted');
    expect(kept()).toEqual([]);
  });
});

describe('a zip archive', () => {
  test.each([true, false])('gives a file back (compressed: %s)', (compress) => {
    const content = 'ünïcode\n'.repeat(10_000);
    const bytes = zip({ a: 'first', 'folder/b': content, c: '' }, compress);
    expect(readZipEntry(bytes, 'folder/b').toString()).toBe(content);
    expect(readZipEntry(bytes, 'c').toString()).toBe('');
    expect(() => readZipEntry(bytes, 'b')).toThrow('has no b');
    expect(() => readZipEntry(Buffer.from('no archive'), 'b')).toThrow('not a zip');
    expect(() => readZipEntry(bytes.subarray(0, bytes.length - 100), 'b')).toThrow(/zip|range/i);
  });
});
