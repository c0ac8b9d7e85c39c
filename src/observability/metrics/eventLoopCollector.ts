import type { Metrics } from './metrics.ts';

const intervalMs = 50;

/** Measures how late the event loop is, 20 times a second; begins when somebody first looks at the metrics. */
export function eventLoopCollector(): (metrics: Metrics) => void {
  let timer: NodeJS.Timeout | undefined;
  return (metrics) => {
    if (timer) return;
    let last = performance.now();
    timer = setInterval(() => {
      const now = performance.now();
      metrics.observe('jupyterhub_event_loop_interval_seconds', (now - last) / 1000);
      last = now;
    }, intervalMs);
    timer.unref();
  };
}
