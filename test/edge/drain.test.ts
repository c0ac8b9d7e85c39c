import { expect, test } from 'vitest';
import { drain } from '../../src/edge/drain.ts';
import type { EdgeStats } from '../../src/edge/edge.ts';

/** An edge of which only its use counts: `left` looks at it find somebody. */
function used(left: number, what: 'tunnels' | 'exchanges'): { stats: () => EdgeStats; looks: number } {
  const none = {
    requests: 0,
    exchanges: 0,
    tunnels: 0,
    heldTls: 0,
    upstreams: 0,
    clients: 5,
    sockets: 5,
    held: 0,
    granted: 0,
  };
  const edge = {
    looks: 0,
    stats: () => ({ ...none, [what]: edge.looks++ < left ? 1 : 0 }),
  };
  return edge;
}

test('an edge that nobody uses ends at once, whoever has an idle connection to it', async () => {
  const edge = used(0, 'tunnels');
  await drain(edge, 3600);
  expect(edge.looks).toBe(1);
});

test.each(['tunnels', 'exchanges'] as const)('it serves its %s to their end', async (what) => {
  const edge = used(2, what);
  await drain(edge, 3600);
  expect(edge.looks).toBe(3);
});

test('but not for longer than it is told', async () => {
  const edge = used(Number.POSITIVE_INFINITY, 'tunnels');
  const begun = performance.now();
  await drain(edge, 1);
  expect(performance.now() - begun).toBeGreaterThan(900);
  await drain(edge, 0);
});
