import { readdirSync, readFileSync } from 'node:fs';
import type { Metrics } from './metrics.ts';

const startedAt = Date.now() / 1000 - process.uptime();

/** What the hub's own process uses, where the operating system tells (proc(5)). */
export function collectProcess(metrics: Metrics): void {
  const { user, system } = process.cpuUsage();
  metrics.set('process_cpu_seconds_total', (user + system) / 1e6);
  metrics.set('process_resident_memory_bytes', process.memoryUsage.rss());
  metrics.set('process_start_time_seconds', startedAt);
  if (process.platform !== 'linux') return;
  const [pages] = readFileSync('/proc/self/statm', 'latin1').split(' ');
  metrics.set('process_virtual_memory_bytes', Number(pages) * 4096);
  metrics.set('process_open_fds', readdirSync('/proc/self/fd').length);
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  if (limit !== undefined) metrics.set('process_max_fds', Number(limit));
}
