import type { ServerSettings } from '../config/settings.ts';
import type { ServerCredentials } from '../identity/serverCredentials.ts';
import type { Reservation, Resources, WorkloadSpec } from '../runtimes/contract.ts';
import { expandTemplate } from './expandTemplate.ts';
import type { Server } from './server.ts';
import { serverEnvironment, templateFields } from './serverEnvironment.ts';

/** What {@link serverWorkload} is made from. */
export interface WorkloadInputs {
  server: Server;
  workloadId: string;
  credentials: ServerCredentials;
  reservation: Reservation;
  settings: ServerSettings;
  /** Where servers reach the edge, without a final slash. */
  hubUrl: string;
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
  const { server, workloadId, credentials, reservation, settings, hubUrl } = inputs;
  return {
    id: workloadId,
    kind: 'server',
    owner: server.user,
    command: serverCommand(server, reservation, settings),
    environment: serverEnvironment({
      server,
      credentials,
      reservation,
      hubUrl,
      extra: settings.environment,
      defaultUrl: settings.defaultUrl,
    }),
    files: {},
    resources: serverResources(settings),
    reservation,
  };
}

/** JupyterHub's single-user server reads everything from its environment; only what has no variable is an argument. */
function serverCommand(server: Server, reservation: Reservation, settings: ServerSettings): string[] {
  const fields = templateFields(server);
  const command = settings.command ?? ['python', '-m', 'jupyterhub.singleuser'];
  const allowRoot = settings.command === undefined && reservation.superuser ? ['--allow-root'] : [];
  return [...command, ...allowRoot, ...settings.extraArguments.map((argument) => expandTemplate(argument, fields))];
}
