import type { ServiceSettings } from '../config/settings.ts';

/** Where a program takes connections. */
export interface ServiceAddress {
  host: string;
  port: number;
}

/** The name by which the hub's pod is known in its namespace: z2jh's, which settings files use. */
const hubHost = 'hub';

/** Where the program behind an `http://` URL takes connections. */
export function addressOf(url: string): ServiceAddress {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}

/**
 * The services in the hub's own pod, by name, and where they are in it: those on its loopback address, and those that settings
 * for z2jh have at `http://hub:10101`. No edge of another pod reaches them there.
 */
export function servicesInPod(
  services: Readonly<Record<string, Pick<ServiceSettings, 'url'>>>,
): Map<string, ServiceAddress> {
  const found = new Map<string, ServiceAddress>();
  for (const [name, { url }] of Object.entries(services)) {
    if (url === undefined || !URL.canParse(url)) continue;
    const { host, port } = addressOf(url);
    if (host === hubHost) found.set(name, { host: '127.0.0.1', port });
    else if (isLoopback(host)) found.set(name, { host, port });
  }
  return found;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
