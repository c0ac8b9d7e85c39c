import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { EnvHttpProxyAgent, request } from 'undici';
import { AtollError, messageOf } from '../core/errors.ts';
import type { PackageIndex } from './packageIndex.ts';

const timeoutMs = 60_000;

/**
 * Fetches from the package index, through the proxy that HTTP(S)_PROXY and NO_PROXY name, trusting the certificates of Node,
 * of the system and of pip's settings.
 */
export class IndexClient {
  readonly #agent: EnvHttpProxyAgent;
  readonly #signal: AbortSignal | undefined;

  constructor(index: PackageIndex, signal: AbortSignal | undefined) {
    const ca = [...getCACertificates('default'), ...getCACertificates('system')];
    if (index.certificates) ca.push(readFileSync(index.certificates, 'utf8'));
    this.#agent = new EnvHttpProxyAgent({ connect: { ca }, requestTls: { ca } });
    this.#signal = signal;
  }

  /**
   * The body of an address, after redirects. Credentials in the address become an Authorization header, for its own host
   * only.
   * @throws AtollError ATOLL_INDEX_UNREACHABLE
   */
  async get(address: string, accept: string, largest: number): Promise<{ body: Buffer; type: string; url: string }> {
    let url = new URL(address);
    const { host, username, password } = url;
    const secret = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    try {
      for (let redirects = 0; redirects <= 5; redirects += 1) {
        const credentials = username !== '' && url.host === host;
        [url.username, url.password] = ['', ''];
        const response = await request(url, {
          dispatcher: this.#agent,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: this.#signal ?? null,
          headers: {
            accept,
            ...(credentials && { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }),
          },
        });
        const location = response.headers.location;
        if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
          await response.body.dump();
          url = new URL(location, url);
          continue;
        }
        if (response.statusCode !== 200) {
          await response.body.dump();
          throw new Error(`it answered with status ${response.statusCode}`);
        }
        const body = await readAtMost(response.body, largest);
        return { body, type: String(response.headers['content-type'] ?? ''), url: url.href };
      }
      throw new Error('it redirects in circles');
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw new AtollError('ATOLL_INDEX_UNREACHABLE', 'The Python package index cannot be reached.', {
        evidence: `${url.host}: ${messageOf(error)}`,
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

async function readAtMost(stream: AsyncIterable<Buffer>, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > largest) throw new Error(`it sends more than ${largest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
