import { readFileSync } from 'node:fs';
import { AtollError, messageOf } from '../../core/errors.ts';

/**
 * An address of the command line: `0.0.0.0:8081`, `hub:8081`, `[::1]:8081`.
 * @throws AtollError `ATOLL_USAGE`
 */
export function parseAddress(text: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  const host = found?.[1] ?? found?.[2];
  if (host === undefined || port < 1 || port > 65_535)
    throw new AtollError('ATOLL_USAGE', `"${text}" is not an address with a port, such as 0.0.0.0:8081.`);
  return { host, port };
}

/**
 * The secret that hub and edges share, from a file.
 * @throws AtollError `ATOLL_USAGE`
 */
export function readControlToken(path: string | undefined): string {
  if (path === undefined)
    throw new AtollError('ATOLL_USAGE', 'Hub and edge that do not share a data folder need --control-token-file.');
  let token: string;
  try {
    token = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new AtollError('ATOLL_USAGE', 'The file of --control-token-file cannot be read.', {
      evidence: messageOf(error),
    });
  }
  if (token.length < 32)
    throw new AtollError('ATOLL_USAGE', 'The token of --control-token-file has fewer than 32 characters.', {
      evidence: path,
    });
  return token;
}
