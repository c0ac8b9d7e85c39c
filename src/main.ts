import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultDataFolder } from './core/defaultDataFolder.ts';
import { toldErrorOf } from './core/errors.ts';
import { version } from './core/version.ts';

// Commands are imported when they run, so that none pays for the others.

const program = new Command('atoll')
  .description('A multi-user Jupyter hub with elastic Dask clusters, in one program.')
  .version(version)
  .showHelpAfterError('Run the command with --help to see what it takes.');

const settingsOption = (): Option =>
  new Option(
    '-f, --file <path>',
    'settings file or folder, or - for standard input; may be repeated, later ones win',
  ).argParser(repeated);
const optionalSettings = (): Option => settingsOption().default([], 'none');
const dataOption = (): Option => new Option('--data <folder>', 'where everything is kept').default(defaultDataFolder());
const runtimeOption = (): Option =>
  new Option('--runtime <kind>', 'where Atoll is to run; default: as atoll.runtime.kind says').choices([
    'process',
    'kubernetes',
  ]);
const hostOption = (): Option => new Option('--host <address>', 'address to listen on').default('127.0.0.1');
const portOption = (): Option => new Option('--port <number>', 'port to listen on').argParser(parsePort).default(8000);

program
  .command('up')
  .description('Set everything up, then run hub and edge on this machine until interrupted.')
  .addOption(optionalSettings())
  .addOption(dataOption())
  .addOption(hostOption())
  .addOption(portOption())
  .option('--stop-workloads', 'end servers and clusters too when Atoll ends (they go on otherwise)', false)
  .action(async (options) => (await import('./cli/up.ts')).up(options));

program
  .command('check')
  .description('Check settings files without starting anything. Exit code 0: Atoll can run with them; 1: it cannot.')
  .addOption(settingsOption().makeOptionMandatory())
  .addOption(dataOption())
  .addOption(runtimeOption())
  .option('--json', 'print the result as JSON', false)
  .action(async (options) => (await import('./cli/check.ts')).check(options));

program
  .command('explain')
  .description('Say what holds for a setting, which file and line says so, its default, and what it does here.')
  .argument('[path]', 'such as jupyterhub.singleuser.memory; default: everything that is written')
  .addOption(optionalSettings())
  .addOption(dataOption())
  .addOption(runtimeOption())
  .option('--json', 'print the result as JSON', false)
  .action(async (path, options) => (await import('./cli/explain.ts')).explain(path, options));

program
  .command('diff')
  .description('Say what would change for people between two sets of settings files, and what starts anew for it.')
  .addOption(settingsOption().makeOptionMandatory())
  .addOption(
    new Option('--to <path>', 'the new settings file or folder; may be repeated, later ones win')
      .argParser(repeated)
      .makeOptionMandatory(),
  )
  .addOption(dataOption())
  .addOption(runtimeOption())
  .option('--json', 'print the result as JSON', false)
  .action(async (options) => (await import('./cli/diff.ts')).diff(options));

program
  .command('schema')
  .description('Print the JSON Schema of a settings file, for editors (yaml-language-server).')
  .action(async () => (await import('./cli/schema.ts')).schema());

program
  .command('import')
  .description(
    'Bring users, groups, tokens and named servers of a JupyterHub 3 to 6 here. A second run changes nothing.',
  )
  .argument('<database>', 'its jupyterhub.sqlite; JUPYTERHUB_CRYPT_KEY opens its auth state')
  .addOption(dataOption())
  .option('--dry-run', 'only say what would change', false)
  .action(async (path, options) => (await import('./cli/import.ts')).importCommand(path, options));

const releaseOption = (): Option =>
  new Option('--name <name>', 'name of the release').argParser(parseName).makeOptionMandatory();
const namespaceOption = (): Option => new Option('--namespace <name>', 'namespace on Kubernetes; default: the name');
const contextOption = (): Option =>
  new Option('--context <name>', 'context of the kubeconfig; default: the current one');
const imageOption = (): Option =>
  new Option('--image <image>', "Atoll's own image; default: atoll.deploy.image of the settings");
const timeoutOption = (): Option =>
  new Option('--timeout <seconds>', 'how long it may take to become healthy').argParser(parseCount).default(600);

program
  .command('deploy')
  .description('Install or upgrade Atoll on Kubernetes, and wait until it is healthy. Safe to repeat.')
  .addOption(settingsOption().makeOptionMandatory())
  .addOption(releaseOption())
  .addOption(namespaceOption())
  .addOption(contextOption())
  .addOption(imageOption())
  .addOption(timeoutOption())
  .option('--dry-run', 'say what would change, object by object; change nothing', false)
  .option('--force-conflicts', 'take over fields that somebody else has changed', false)
  .action(async (options) => (await import('./cli/deploy.ts')).deploy(options));

program
  .command('rollback')
  .description('Bring back the settings and the version before the present ones, on Kubernetes.')
  .addOption(releaseOption())
  .addOption(namespaceOption())
  .addOption(contextOption())
  .addOption(timeoutOption())
  .addOption(new Option('--to <revision>', 'revision; default: the one before that was healthy').argParser(parseCount))
  .action(async (options) => (await import('./cli/deploy.ts')).rollback(options));

program
  .command('doctor')
  .description('Say what is wrong with Atoll on Kubernetes, and what people wait for. Exit code 1: something is wrong.')
  .addOption(releaseOption())
  .addOption(namespaceOption())
  .addOption(contextOption())
  .action(async (options) => (await import('./cli/doctor.ts')).doctor(options));

program
  .command('manifests')
  .description('Print what `deploy` would apply, as YAML, for other tools to apply.')
  .addOption(settingsOption().makeOptionMandatory())
  .addOption(releaseOption())
  .addOption(namespaceOption())
  .addOption(imageOption())
  .action(async (options) => (await import('./cli/manifests.ts')).manifests(options));

program
  .command('login')
  .description('Print a new link that signs you (or --user) in, once, to the Atoll that runs on the data folder.')
  .addOption(dataOption())
  .option('--user <name>', 'whom the link signs in; default: you')
  .action(async (options) => (await import('./cli/login.ts')).login(options));

program
  .command('usage')
  .description('Print what Dask clusters asked for and used, by day (UTC); also while Atoll runs.')
  .addOption(optionalSettings())
  .addOption(dataOption())
  .addOption(new Option('--by <kind>', 'sums of what').choices(['user', 'group', 'cluster']).default('user'))
  .option('--from <day>', 'such as 2026-11-01; default: 30 days ago')
  .option('--to <day>', 'default: today')
  .addOption(new Option('--format <format>', 'how').choices(['csv', 'json']).default('csv'))
  .action(async (options) => (await import('./cli/usage.ts')).usage(options));

program
  .command('hub')
  .description('Run the hub alone: identity, API, pages, reconcilers. `up` does this for you.')
  .addOption(optionalSettings())
  .addOption(dataOption())
  .addOption(new Option('--kept-settings <file>', 'what `up` read already').hideHelp())
  .requiredOption('--url <url>', 'where the edge answers, as servers and clusters reach it')
  .option('--listen <address>', 'HOST:PORT for edges elsewhere: what no route claims')
  .option('--control <address>', 'HOST:PORT for edges elsewhere: routes, grants and activity')
  .option('--control-token-file <file>', 'file with the secret that the hub and edges elsewhere share')
  .option(
    '--python <program>',
    "what runs the Python in settings, and services on Kubernetes; default: the one of Atoll's environment",
  )
  .action(async (options) => (await import('./cli/hub.ts')).hub(options));

program
  .command('read-settings', { hidden: true })
  .action(async () => (await import('./cli/readSettingsCommand.ts')).readSettingsCommand());

program
  .command('edge')
  .description('Run the edge alone: the proxy in front of hub, servers and schedulers. `up` does this for you.')
  .addOption(dataOption())
  .addOption(hostOption())
  .addOption(portOption())
  .option('--hub <address>', 'HOST:PORT of a hub elsewhere, its --listen')
  .option('--control <address>', 'HOST:PORT of a hub elsewhere, its --control')
  .option('--control-token-file <file>', 'file with the secret that the hub and edges elsewhere share')
  .option('--tls-certificate <file>', 'certificate with its chain (PEM): the edge ends TLS on the same port')
  .option('--tls-key <file>', 'private key of the certificate (PEM)')
  .option('--tls-host <name>', 'host at which plain HTTP is sent on to HTTPS; may be repeated', repeated, [])
  .addOption(
    new Option('--drain <seconds>', 'how long it serves its WebSockets on when it is to stop')
      .argParser(parseCount)
      .default(0),
  )
  .action(async (options) => (await import('./cli/edge.ts')).edge(options));

function repeated(path: string, before: string[] | undefined): string[] {
  return [...(before ?? []), path];
}

function parseName(text: string): string {
  if (!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(text))
    throw new InvalidArgumentError('A name has lower-case letters, digits and dashes, 40 at most.');
  return text;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Not a whole number from 1.');
  return Number(text);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 1 to 65535.');
  return port;
}

// Whoever reads the output may end before it ends, as `| head` does: no failure. Nothing of this is a reason for `up` to end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  console.error(`atoll: The output cannot be written: ${error.message}`);
  process.exitCode = 1;
});

// Not awaited, for the bundle is made of CommonJS modules.
program.parseAsync().catch((error: unknown) => {
  const told = toldErrorOf(error);
  if (!told) throw error;
  console.error(`atoll: ${told.toText()}`);
  process.exitCode = 1;
});
