/**
 * A hub that is about to be killed: opens a process runtime and starts workloads one after the other, saying each id once
 * its start was acknowledged.
 *
 *   node doomedHub.ts OPTIONS-AS-JSON FIRST-NUMBER COMMAND…
 */
import { silentLogger } from '../../../src/observability/logger.ts';
import { createProcessRuntime, type ProcessRuntimeOptions } from '../../../src/runtimes/process/processRuntime.ts';

const [options = '{}', first = '0', ...command] = process.argv.slice(2);
const runtime = createProcessRuntime({ ...(JSON.parse(options) as ProcessRuntimeOptions), log: silentLogger() });
await runtime.open();
process.stdout.write('open\n');
for (let number = Number(first); ; number += 1) {
  const id = `w-${number}`;
  const reservation = await runtime.reserve({ id, kind: 'scheduler', owner: 'ada', ports: ['http'] });
  const environment = { WHOAMI: id };
  const spec = {
    id,
    kind: 'scheduler',
    owner: 'ada',
    command,
    environment,
    files: {},
    resources: {},
    reservation,
  } as const;
  process.stdout.write(`asked ${id}\n`);
  await runtime.start(spec);
  process.stdout.write(`acknowledged ${id}\n`);
}
