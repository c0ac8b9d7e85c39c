/**
 * The edge beside configurable-http-proxy 5 and nginx (one worker), in one run: the same server behind, the same load in
 * front, one after the other in each round. A ratio is the median of the rounds' ratios, so that a busy moment of the
 * machine counts for all or for one round only.
 *
 *   node bench/edge/edge.ts [--rounds 5] [--seconds 2] [--only TEXT]
 *
 * Where `taskset` exists, each proxy has the last processor for itself, while load and servers share the first one. They
 * are light, so that the proxy is what limits where it can be: nginx with a fixed answer and wrk; for WebSockets one
 * process that plays server and clients and looks into no message.
 */
import { parseArgs } from 'node:util';
import { freePort } from '../../test/support/freePort.ts';
import type { Figure } from '../report/figure.ts';
import { handIn } from '../report/handIn.ts';
import { isInstalled } from '../support/isInstalled.ts';
import { type Case, cases } from './cases.ts';
import { type Behind, ProxyField, type ProxyPeer } from './proxyField.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
for (const program of ['wrk', 'nginx']) if (!isInstalled(program)) throw new Error(`${program} is not installed`);
const pinning = isInstalled('taskset') && navigator.hardwareConcurrency > 1;
console.log(
  `${rounds} rounds of ${seconds} s; ${navigator.hardwareConcurrency} processors` +
    (pinning ? ', proxies on the last one, load and servers on the first' : ', nothing pinned: taskset is missing'),
);
for (const one of cases) if (one.name.includes(values.only)) handIn(await measure(one));

async function measure({ name, peers, routes = 1000, changes = 0, take }: Case): Promise<Figure[]> {
  console.log(name);
  const field = new ProxyField(pinning);
  try {
    const behind: Behind = { server: await field.startServer(), echo: await freePort(), routes, changes };
    const ours = await field.startEdge(behind);
    const theirs: ProxyPeer[] = [];
    if (peers.includes('configurable-http-proxy')) theirs.push(await field.startConfigurableHttpProxy(behind));
    if (peers.includes('nginx')) theirs.push(await field.startNginxProxy(behind));
    const all = [ours, ...theirs];
    for (const peer of all) await take({ field, peer, behind, seconds: 1 });
    const samples = new Map(all.map((peer) => [peer, [] as Record<string, number>[]]));
    for (let round = 0; round < rounds; round++)
      for (const peer of all) samples.get(peer)?.push(await take({ field, peer, behind, seconds }));
    const valuesOf = (peer: ProxyPeer, unit: string): number[] =>
      (samples.get(peer) ?? []).map((sample) => sample[unit] ?? NaN);
    return Object.keys(samples.get(ours)?.[0] ?? {}).flatMap((unit) =>
      theirs.map(
        (peer): Figure => ({
          case: `edge/${name}${unit === 'µs CPU' ? ', CPU' : ''}`,
          unit,
          better: unit.endsWith('/s') ? 'more' : 'less',
          ours: valuesOf(ours, unit),
          peer: { name: peer.name, theirs: valuesOf(peer, unit) },
        }),
      ),
    );
  } finally {
    await field.end();
  }
}
