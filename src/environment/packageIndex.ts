import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where Python packages come from. */
export interface PackageIndex {
  /** The address of the simple index, with a final slash; may hold credentials, so never show it. */
  url: string;
  /** Whether uv finds it by itself: from its own variables, or because it is the default. */
  knownToUv: boolean;
  /** A file of certificates to trust besides the usual ones (pip's `cert`). */
  certificates?: string;
}

/** What pip and uv use when nobody says anything else. */
const defaultIndex = 'https://pypi.org/simple/';

/**
 * The index that this machine is set up for: uv's variables, pip's, then pip's settings files, since on many machines only
 * these are set.
 */
export function findPackageIndex(environment: NodeJS.ProcessEnv = process.env): PackageIndex {
  const pip = readPipSettings(environment);
  const certificates = environment.PIP_CERT || pip.cert;
  const uvIndex = environment.UV_DEFAULT_INDEX || environment.UV_INDEX_URL;
  const pipIndex = environment.PIP_INDEX_URL || pip['index-url'];
  return {
    url: withFinalSlash(nameless(uvIndex) || pipIndex || defaultIndex),
    knownToUv: Boolean(uvIndex) || !pipIndex,
    ...(certificates ? { certificates } : {}),
  };
}

/** uv allows `name=address`. */
function nameless(index: string | undefined): string | undefined {
  return index?.replace(/^[\w-]+=/, '');
}

function withFinalSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

/** pip's settings files, those that count more later; `PIP_CONFIG_FILE=/dev/null` means none (pip's documentation). */
function readPipSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const extra = environment.PIP_CONFIG_FILE;
  if (extra === '/dev/null') return {};
  const home = environment.HOME || homedir();
  const shared = (environment.XDG_CONFIG_DIRS || '/etc/xdg').split(':').map((folder) => join(folder, 'pip/pip.conf'));
  const files = [
    ...shared,
    '/etc/pip.conf',
    join(home, '.pip/pip.conf'),
    join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'pip/pip.conf'),
    ...(extra ? [extra] : []),
  ];
  return Object.assign({}, ...files.map(readSettingsFile)) as Record<string, string>;
}

/** The settings of the sections that `pip install` reads. */
function readSettingsFile(path: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  const sections: Record<string, Record<string, string>> = {};
  let section: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const header = /^\[(.+)\]\s*$/.exec(line);
    if (header) section = sections[header[1] ?? ''] ??= {};
    const entry = /^([\w-]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (entry) section[(entry[1] ?? '').replaceAll('_', '-')] = entry[2] ?? '';
  }
  return { ...sections.global, ...sections.install };
}
