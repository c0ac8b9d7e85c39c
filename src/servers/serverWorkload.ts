import type { ServerSettings } from '../config/settings.ts';
import { expandTemplate } from '../core/expandTemplate.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import type { ServerCredentials } from '../identity/serverCredentials.ts';
import type { Reservation, Resources, WorkloadSpec } from '../runtimes/contract.ts';
import type { Server } from './server.ts';
import { serverEnvironment, templateFields } from './serverEnvironment.ts';

/** What {@link serverWorkload} is made from. */
export interface WorkloadInputs {
  server: Server;
  workloadId: string;
  credentials: ServerCredentials;
  reservation: Reservation;
  settings: ServerSettings;
  /** Where servers reach the edge, with the hub's base, without a final slash. */
  hubUrl: string;
  /** Where people find things. */
  urls: PublicUrls;
  /** Names of the options that the user has for Dask clusters. */
  clusterOptions: ReadonlySet<string>;
  /** Whether it becomes a pod. */
  isPod?: boolean;
}

/** What a server may use, from the settings. */
function serverResources(settings: ServerSettings): Resources {
  const { memoryGuarantee, memoryLimit, coreGuarantee, coreLimit } = settings;
  return {
    ...(memoryGuarantee !== undefined && { memoryGuarantee }),
    ...(memoryLimit !== undefined && { memoryLimit }),
    ...(coreGuarantee !== undefined && { coreGuarantee }),
    ...(coreLimit !== undefined && { coreLimit }),
  };
}

/** The workload of one start of a server. */
export function serverWorkload(inputs: WorkloadInputs): WorkloadSpec {
  const { server, workloadId, credentials, reservation, settings, hubUrl, urls, clusterOptions } = inputs;
  return {
    id: workloadId,
    kind: 'server',
    owner: server.user,
    subject: { kind: 'server', name: server.name, userId: server.userId, id: server.id },
    pod: settings.pod,
    command: serverCommand(inputs),
    environment: serverEnvironment({
      server,
      credentials,
      reservation,
      hubUrl,
      urls,
      extra: settings.environment,
      literal: settings.literalEnvironment,
      image: settings.pod.image,
      clusterOptions,
      defaultUrl: settings.defaultUrl,
      slugScheme: inputs.isPod ? settings.pod.slugScheme : undefined,
    }),
    files: {},
    resources: serverResources(settings),
    reservation,
  };
}

/**
 * The shell of JupyterLab's terminals. Jupyter's own choice is a login shell, whose profile sets PATH anew (Debian's
 * /etc/profile does), so that `python` there would be missing or another one than in the notebooks. This one reads the
 * profile too, then puts the server's programs in front again; in bash once more before the first prompt, for what a
 * person's `.bashrc` has put there (pyenv, conda).
 */
const terminalShell = String.raw`/bin/sh -c 'exec env SERVER_PATH="$PATH" PROMPT_COMMAND="test -z \"\$SERVER_PATH\" || PATH=\"\$SERVER_PATH:\$PATH\"; unset SERVER_PATH" "$SHELL" -l -c "exec env PATH=\"\$SERVER_PATH:\$PATH\" \"\$SHELL\""'`;

/** JupyterHub's single-user server reads everything from its environment; only what has no variable is an argument. */
function serverCommand({ server, reservation, settings, urls }: WorkloadInputs): string[] {
  const fields = templateFields(server, urls);
  const command = settings.command ?? [
    'python',
    '-m',
    'jupyterhub.singleuser',
    `--ServerApp.terminado_settings=shell_command=${terminalShell}`,
    ...(reservation.superuser ? ['--allow-root'] : []),
  ];
  return [...command, ...settings.extraArguments.map((argument) => expandTemplate(argument, fields))];
}
