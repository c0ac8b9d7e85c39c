import { markdownTable } from '../../scripts/markdownTable.ts';
import type { Machine } from '../report/machine.ts';
import { short } from '../report/tableText.ts';
import { capacityOf, mostCores, mostMegabytes, perServer } from './capacity.ts';
import type { Comparison } from './check.ts';
import { type Costs, type Deed, deeds, type HubAndEdge, things } from './costs.ts';

/** What was measured, what it comes to, and how a run compares, as Markdown. */
export function modelText(costs: Costs, comparisons: readonly Comparison[], machine: Machine, tenth: number): string {
  const { servers, limit, need } = capacityOf(costs);
  const { hub, edge } = costs.rest;
  return [
    `Measured at commit ${machine.commit} on ${machine.processors} × ${machine.model}, Linux ${machine.kernel}, Node ${machine.node}, with a load of ${machine.load.toFixed(1)} before it.`,
    '',
    '### What things cost',
    '',
    `With nothing to do the hub has ${short(hub / 1000)} MB resident and the edge ${short(edge / 1000)} MB. Each thing that is there costs:`,
    '',
    markdownTable(
      ['thing', 'memory of the hub', 'memory of the edge', 'CPU of the hub', 'CPU of the edge'],
      things.map((thing) => [thing, ...both(costs.memory[thing], 'kB'), ...both(costs.upkeep[thing], 'µs a second')]),
    ),
    '',
    'Each thing that happens costs:',
    '',
    markdownTable(
      ['deed', 'CPU of the hub', 'CPU of the edge'],
      deeds.map((deed) => [deed, ...both(costs.cpu[deed], 'µs')]),
    ),
    '',
    '### What one hub bears',
    '',
    `**About ${servers.toLocaleString('en')} running servers at once** with one hub and one edge, of ${count(servers, 'user')} users, with ${count(servers, 'cluster')} clusters, ${count(servers, 'worker')} workers, ${perSecond(servers, 'API request')} requests a second to the hub and ${perSecond(servers, 'request to a server')} to servers. What ends first is the ${limit}.`,
    'Hub and edge then need:',
    '',
    markdownTable(
      ['', 'hub', 'edge'],
      [
        ['processors', short(need.cores.hub), short(need.cores.edge)],
        ['memory', `${short(need.megabytes.hub)} MB`, `${short(need.megabytes.edge)} MB`],
      ],
    ),
    '',
    `Neither process is given more than ${mostCores} of a processor, so that a burst finds room, nor more than ${mostMegabytes} MB.`,
    '',
    '### A run at a tenth of that',
    '',
    `${tenth.toLocaleString('en')} running servers with all that belongs to them:`,
    '',
    markdownTable(
      ['', 'predicted', 'measured', 'measured / predicted'],
      comparisons.map(({ what, unit, predicted, measured }) => [
        what,
        `${short(predicted)} ${unit}`,
        `${short(measured)} ${unit}`,
        short(measured / predicted),
      ]),
    ),
  ].join('\n');
}

function both({ hub, edge }: HubAndEdge, unit: string): string[] {
  return [hub, edge].map((value) => (value < 0.05 ? '–' : `${short(value)} ${unit}`));
}

function count(servers: number, thing: (typeof things)[number]): string {
  return Math.round(perServer.things[thing] * servers).toLocaleString('en');
}

function perSecond(servers: number, deed: Deed): string {
  return Math.round(perServer.perSecond[deed] * servers).toLocaleString('en');
}
