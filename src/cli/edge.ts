import { openDataFolder, secretOf } from '../core/dataFolder.ts';
import { drain } from '../edge/drain.ts';
import { createEdge, type EdgeOptions } from '../edge/edge.ts';
import type { TlsFiles } from '../edge/tls/tlsFiles.ts';
import { runRole } from './roles/childRole.ts';
import { parseAddress, readControlToken } from './roles/networkAddress.ts';
import { portError } from './roles/portError.ts';

/** The options of `atoll edge`. */
export interface EdgeCommandOptions {
  data: string;
  host: string;
  port: number;
  /** Where a hub that does not share the data folder listens; all three or none. */
  hub?: string;
  control?: string;
  controlTokenFile?: string;
  /** Files with which it ends TLS; both or none. */
  tlsCertificate?: string;
  tlsKey?: string;
  /** Hosts at which plain HTTP is sent on to HTTPS. */
  tlsHost: string[];
  /** Seconds for which it serves WebSockets and other connections on when it is told to stop. */
  drain: number;
}

/** `atoll edge`: runs the edge until it is told to stop. */
export async function edge(options: EdgeCommandOptions): Promise<void> {
  await runRole('edge', async ({ log }) => {
    const running = createEdge({
      host: options.host,
      port: options.port,
      ...hubOf(options),
      tls: tlsOf(options),
      log: (level, fields, message) => log[level](fields, message),
    });
    await running.start().catch((error: unknown) => {
      throw error instanceof Error ? portError(error, options.host, options.port) : error;
    });
    const stop = async (): Promise<void> => {
      await drain(running, options.drain);
      await running.stop();
    };
    return { report: {}, stop };
  });
}

function tlsOf({ tlsCertificate = '', tlsKey = '', tlsHost }: EdgeCommandOptions): TlsFiles | undefined {
  if (tlsCertificate === '' && tlsKey === '') return undefined;
  return { certificate: tlsCertificate, key: tlsKey, hosts: tlsHost.map((host) => host.toLowerCase()) };
}

function hubOf({
  data,
  hub,
  control,
  controlTokenFile,
}: EdgeCommandOptions): Pick<EdgeOptions, 'hub' | 'control' | 'controlToken'> {
  if (hub !== undefined && control !== undefined)
    return {
      hub: { kind: 'tcp', ...parseAddress(hub) },
      control: { kind: 'tcp', ...parseAddress(control) },
      controlToken: readControlToken(controlTokenFile),
    };
  const folder = openDataFolder(data);
  return {
    hub: { kind: 'unix', path: folder.hubSocket },
    control: { kind: 'unix', path: folder.controlSocket },
    controlToken: secretOf(folder, 'control-token').toString('hex'),
  };
}
