import { z } from '@hono/zod-openapi';
import { type Metrics, metricsContentType } from '../../observability/metrics/metrics.ts';
import type { ApiModule } from '../frame/apiModule.ts';

/** What {@link metricsApi} needs. */
export interface MetricsApiOptions {
  metrics: Metrics;
  /** Whether a token with the scope read:metrics is needed. */
  authenticate: boolean;
}

/** Metrics for Prometheus. */
export function metricsApi({ metrics, authenticate }: MetricsApiOptions): ApiModule {
  return (frame) =>
    frame.route(
      {
        method: 'get',
        path: '/metrics',
        summary: 'Shows metrics in the text format of Prometheus; also at /hub/metrics',
        access: authenticate ? { anyOf: ['read:metrics'] } : 'open',
        responses: { 200: { description: 'All metrics.', schema: z.string(), contentType: 'text/plain' } },
      },
      async () => new Response(await metrics.render(), { headers: { 'Content-Type': metricsContentType } }),
    );
}
