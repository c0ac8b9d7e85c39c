import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../core/projectFolder.ts';
import { hubHeaders } from '../../identity/http/hubHeaders.ts';

const types: Readonly<Record<string, string>> = {
  'atoll.css': 'text/css; charset=utf-8',
  'atoll.svg': 'image/svg+xml',
  'refresh.js': 'text/javascript; charset=utf-8',
  'spawnPending.js': 'text/javascript; charset=utf-8',
};

const files = new Map(
  Object.entries(types).map(([name, type]) => {
    const body = readFileSync(join(projectFolder, 'src/pages/static', name));
    return [name, { type, body, version: createHash('sha256').update(body).digest('hex').slice(0, 12) }];
  }),
);

/** The address of a file of `src/pages/static/`, with its version, so that browsers may keep it for ever. */
export function staticUrl(name: string): string {
  return `/hub/static/${name}?v=${files.get(name)?.version ?? ''}`;
}

/** The answer to a request for a static file; undefined when there is none of that name. */
export function staticFile(name: string): Response | undefined {
  const file = files.get(name);
  return (
    file &&
    new Response(new Uint8Array(file.body), {
      headers: { ...hubHeaders, 'Content-Type': file.type, 'Cache-Control': 'public, max-age=31536000, immutable' },
    })
  );
}
