import { openDataFolder, secretOf } from '../core/dataFolder.ts';
import { createEdge } from '../edge/edge.ts';
import { runRole } from './childRole.ts';
import { portError } from './portError.ts';

/** The options of `atoll edge`. */
export interface EdgeCommandOptions {
  data: string;
  host: string;
  port: number;
}

/** `atoll edge`: runs the edge until it is told to stop. */
export async function edge(options: EdgeCommandOptions): Promise<void> {
  await runRole('edge', async ({ log }) => {
    const folder = openDataFolder(options.data);
    const running = createEdge({
      host: options.host,
      port: options.port,
      hub: { kind: 'unix', path: folder.hubSocket },
      control: { kind: 'unix', path: folder.controlSocket },
      controlToken: secretOf(folder, 'control-token').toString('hex'),
      log: (level, fields, message) => log[level](fields, message),
    });
    await running.start().catch((error: unknown) => {
      throw error instanceof Error ? portError(error, options.host, options.port) : error;
    });
    return { report: {}, stop: () => running.stop() };
  });
}
