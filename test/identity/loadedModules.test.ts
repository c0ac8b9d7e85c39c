import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const source = resolve(import.meta.dirname, '../../src');

/** The modules that a hub's identity loads with this authenticator, as paths from the project. */
async function loadedWith(authentication: object): Promise<string[]> {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const from = (path) => import(process.argv[1] + path);
    const { createIdentity } = await from('/identity/identity.ts');
    const { defaultSettings } = await from('/config/settings.ts');
    const { openSqlite } = await from('/store/openSqlite.ts');
    const { silentLogger } = await from('/observability/logger.ts');
    const { Sealer } = await from('/core/sealer.ts');
    const { createPages } = await from('/pages/createPages.ts');
    const settings = defaultSettings();
    Object.assign(settings.authentication, JSON.parse(process.argv[2]));
    const log = silentLogger();
    const store = await openSqlite(':memory:');
    const identity = await createIdentity({ store, settings, log, sealer: new Sealer(Buffer.alloc(32)) });
    createPages({ identity, log });
    console.log(JSON.stringify(loaded));
    process.exit(0);`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [
    '--input-type=module',
    '-e',
    program,
    source,
    JSON.stringify(authentication),
  ]);
  return (JSON.parse(stdout) as string[]).map((url) => url.replace(/^.*\/(?=(?:src|node_modules)\/)/, ''));
}

const heavy = /node_modules\/(?:oauth4webapi|jose|ldapts|undici)\/|config\/keys\//;
const folders = (modules: string[]): string[] => [
  ...new Set(modules.flatMap((path) => /identity\/authenticators\/(\w+)\//.exec(path)?.[1] ?? [])),
];

test('a hub without settings loads no authenticator but the links, and none of their libraries', async () => {
  const modules = await loadedWith({});
  expect(folders(modules)).toEqual(['link']);
  expect(modules.filter((path) => heavy.test(path))).toEqual([]);
});

test('a hub loads the authenticator that it uses, and no other', async () => {
  const github = { authenticator: 'github', classes: { github: { client_id: 'a', client_secret: 'b' } } };
  const modules = await loadedWith(github);
  expect(folders(modules).sort()).toEqual(['github', 'oauth']);
  // The libraries of its protocol come with the first person who signs in.
  expect(modules.filter((path) => /node_modules\/(?:oauth4webapi|jose|ldapts|undici)\//.test(path))).toEqual([]);
});
