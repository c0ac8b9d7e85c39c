import type { HttpRoute } from '../edge/protocol.ts';

/**
 * Whether the hub is there is asked over connections that nothing else uses: while a thousand requests wait at the edge for
 * one, such a question goes past them, as it does in the hub (`takeTurns`).
 */
export const healthRoutes: readonly HttpRoute[] = ['/hub/health/', '/hub/api/health/'].map((prefix) => ({
  kind: 'http',
  id: `health:${prefix}`,
  prefix,
  target: { kind: 'hub' },
  stripPrefix: false,
  access: 'open',
}));
