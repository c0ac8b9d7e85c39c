import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { hubHeaders } from '../../identity/http/hubHeaders.ts';
import type { Logger } from '../../observability/logger.ts';
import { staticFile } from './staticFiles.ts';

const types: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
};

const largestLogo = 1024 * 1024;

/** Answers `/hub/logo`: with the operator's picture, or with Atoll's own where there is none that can be shown. */
export async function logoReply(file: string | undefined, log: Logger): Promise<Response | undefined> {
  if (file === undefined) return staticFile('atoll.svg');
  try {
    const type = types[extname(file).toLowerCase()];
    const { size } = await stat(file);
    if (type === undefined || size > largestLogo) throw new Error('no picture of a known kind, or larger than 1 MiB');
    return new Response(new Uint8Array(await readFile(file)), {
      headers: {
        ...hubHeaders,
        'Content-Type': type,
        'Cache-Control': 'public, max-age=300',
        // An SVG that is opened by itself is a document, and could run scripts as one.
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      },
    });
  } catch (error) {
    log.warn({ file, error: messageOf(error) }, 'the logo of the settings cannot be shown');
    return staticFile('atoll.svg');
  }
}
