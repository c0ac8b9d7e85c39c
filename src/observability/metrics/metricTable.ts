/** What is measured how: `counter` only grows, `gauge` is what holds now, `histogram` counts values by size. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** One row of {@link metricTable}. */
export interface MetricRow {
  kind: MetricKind;
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram's classes; the last, infinity, goes without saying. */
  buckets: readonly number[];
  /** Values of the labels whose series are there from the start, at zero. */
  series: readonly (readonly string[])[];
}

/** The classes that Prometheus' own clients have, in seconds. */
const usual = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

interface Shape<Label extends string> {
  labels?: readonly Label[];
  series?: readonly (readonly string[])[];
  buckets?: readonly number[];
}

function row<Label extends string = never>(
  kind: MetricKind,
  help: string,
  { labels = [], series = [], buckets = usual }: Shape<Label> = {},
): MetricRow & { labels: readonly Label[] } {
  return { kind, help, labels, buckets, series: labels.length === 0 ? [[]] : series };
}

/**
 * Every metric. Those that begin with `jupyterhub_` and `process_` have the names, kinds and labels of JupyterHub, so that
 * its dashboards work: those of things that Atoll has no need to do stay at zero.
 */
export const metricTable = {
  jupyterhub_request_duration_seconds: row('histogram', 'Time from a request to the head of its answer.', {
    labels: ['method', 'handler', 'code'],
  }),
  jupyterhub_server_spawn_duration_seconds: row('histogram', 'Time from the request for a server to its end.', {
    labels: ['status', 'reason'],
    series: [
      ['success', ''],
      ['failure', ''],
      ['error', ''],
    ],
    buckets: [0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 180, 300, 600],
  }),
  jupyterhub_server_stop_seconds: row('histogram', 'Time that servers took to stop.', {
    labels: ['status'],
    series: [['success'], ['failure']],
  }),
  jupyterhub_server_poll_duration_seconds: row('histogram', 'Time of one look at a server. Atoll is told instead.', {
    labels: ['status'],
    series: [['running'], ['stopped']],
  }),
  jupyterhub_running_servers: row('gauge', 'Servers that are ready.'),
  jupyterhub_total_users: row('gauge', 'Users.'),
  jupyterhub_active_users: row('gauge', 'Users who were active during a time before now.', { labels: ['period'] }),
  jupyterhub_login_duration_seconds: row('histogram', 'Time of attempts to sign in.', {
    labels: ['status'],
    series: [['success'], ['failure']],
  }),
  jupyterhub_logout_duration_seconds: row('histogram', 'Time of requests to sign out.'),
  jupyterhub_csp_reports_total: row('counter', 'Violations of the content security policy that browsers reported.'),
  jupyterhub_hub_startup_duration_seconds: row('histogram', 'Time that the hub took to start.'),
  jupyterhub_init_spawners_duration_seconds: row('histogram', 'Time to find the servers that run, at the start.'),
  jupyterhub_proxy_add_duration_seconds: row('histogram', 'Time to publish a route.', {
    labels: ['status'],
    series: [['success'], ['failure']],
  }),
  jupyterhub_proxy_delete_duration_seconds: row('histogram', 'Time to withdraw a route.', {
    labels: ['status'],
    series: [['success'], ['failure']],
  }),
  jupyterhub_proxy_poll_duration_seconds: row('histogram', 'Time to ask for all routes. Atoll need not ask.'),
  jupyterhub_check_routes_duration_seconds: row('histogram', 'Time to check all routes. Atoll need not check.'),
  jupyterhub_event_loop_interval_seconds: row(
    'histogram',
    'Time between two turns of the event loop, 50 ms apart at best.',
    {
      buckets: [0.05, 0.055, 0.06, 0.065, 0.07, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    },
  ),

  process_cpu_seconds_total: row('counter', 'Processor time of the hub.'),
  process_resident_memory_bytes: row('gauge', 'Memory of the hub.'),
  process_virtual_memory_bytes: row('gauge', 'Addresses of the hub.'),
  process_start_time_seconds: row('gauge', 'When the hub was started, after the epoch.'),
  process_open_fds: row('gauge', 'Open files and connections of the hub.'),
  process_max_fds: row('gauge', 'Files and connections that the hub may have open.'),

  atoll_info: row('gauge', 'The version, as a label of the number 1.', { labels: ['version'] }),
  atoll_servers: row('gauge', 'Servers by what they are doing.', { labels: ['phase'] }),
  atoll_clusters: row('gauge', 'Dask clusters that have not ended, by what they are doing.', { labels: ['phase'] }),
  atoll_cluster_workers: row('gauge', 'Workers of Dask clusters by what they are doing.', { labels: ['phase'] }),
  atoll_logins: row('gauge', 'Browsers that are signed in.'),
  atoll_tokens: row('gauge', 'API and OAuth tokens.'),
  atoll_store_bytes: row('gauge', 'Size of the database.'),
  atoll_edge_requests_total: row('counter', 'Requests to servers, dashboards and services that the edge passed on.'),
  atoll_edge_open_connections: row('gauge', 'WebSockets and TLS connections through the edge.'),
} as const;

/** The name of a metric. */
export type MetricName = keyof typeof metricTable;

/** The labels that a metric takes, each with its value. */
export type LabelsOf<Name extends MetricName> = Record<(typeof metricTable)[Name]['labels'][number], string>;
