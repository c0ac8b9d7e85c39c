/**
 * The edge beside configurable-http-proxy 5 and nginx (one worker), in one run: the same server behind, the same load in
 * front, one after the other in each round. A ratio is the median of the rounds' ratios, so that a busy moment of the
 * machine counts for all or for one round only.
 *
 *   node bench/edge/edge.ts [--rounds 3] [--seconds 2] [--case NAME]…
 *
 * Where `taskset` exists, each proxy has the last processor for itself, while load and servers share the first one. They
 * are light, so that the proxy is what limits where it can be: nginx with a fixed answer and wrk; for WebSockets one
 * process that plays server and clients and looks into no message.
 */
import { parseArgs } from 'node:util';
import { freePort } from '../../test/support/freePort.ts';
import { besideEach, type Figure, type FigurePeer, missingFigures } from '../report/figure.ts';
import { handIn, part } from '../report/handIn.ts';
import { isInstalled } from '../support/isInstalled.ts';
import { type Case, cases, edgeCaseNames, figureName } from './cases.ts';
import { type Behind, ProxyField, type ProxyPeer } from './proxyField.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    case: { type: 'string', multiple: true },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const pinning = isInstalled('taskset') && navigator.hardwareConcurrency > 1;
const method =
  `${rounds} rounds of ${seconds} s, in turns, after a second that warms up; ${navigator.hardwareConcurrency} processors` +
  (pinning
    ? ', the proxy measured alone on the last one, load (wrk with 64 connections) and servers on the first'
    : ', nothing pinned: taskset is missing');
console.log(method);
const { case: asked = edgeCaseNames } = values;
handIn([], method);
const absent = ['wrk', 'nginx'].filter((program) => !isInstalled(program));
if (absent.length > 0)
  handIn(
    missingFigures(
      asked.map((name) => `edge/${name}`),
      `${absent.join(' and ')} not installed`,
    ),
  );
else
  for (const one of cases)
    if (one.units.some((unit) => asked.includes(figureName(one.name, unit))))
      await part(one.name, async () => handIn(await measure(one)));

async function measure({ name, peers, routes = 1000, changes = 0, take, units, whyNot }: Case): Promise<Figure[]> {
  console.log(name);
  const reason = whyNot?.();
  if (reason !== undefined)
    return missingFigures(
      units.map((unit) => `edge/${figureName(name, unit)}`),
      reason,
    );
  const field = new ProxyField(pinning);
  try {
    const behind: Behind = { server: await field.startServer(), echo: await freePort(), routes, changes };
    const ours = await field.startEdge(behind);
    const missing: FigurePeer[] = [];
    const theirs: ProxyPeer[] = [];
    for (const name of peers) {
      const peer = await field.startPeer(name, behind).catch((error: unknown) => String(error));
      if (typeof peer === 'string') missing.push({ name, theirs: [], missing: peer });
      else theirs.push(peer);
    }
    const all = [ours, ...theirs];
    for (const peer of all) await take({ field, peer, behind, seconds: 1 });
    const samples = new Map(all.map((peer) => [peer, [] as Record<string, number>[]]));
    for (let round = 0; round < rounds; round++)
      for (const peer of all) samples.get(peer)?.push(await take({ field, peer, behind, seconds }));
    const valuesOf = (peer: ProxyPeer, unit: string): number[] =>
      (samples.get(peer) ?? []).map((sample) => sample[unit] ?? NaN);
    return units.flatMap((unit) => {
      const better = unit.endsWith('/s') ? 'more' : 'less';
      const figure: Figure = { case: `edge/${figureName(name, unit)}`, unit, better, ours: valuesOf(ours, unit) };
      return besideEach(figure, [
        ...theirs.map((peer) => ({ name: peer.name, theirs: valuesOf(peer, unit) })),
        ...missing,
      ]);
    });
  } finally {
    await field.end();
  }
}
