import { relayPort } from '../services/serviceRelay.ts';

/** The ports of the parts of a release. Those of servers and schedulers are the runtime's `podPorts`. */
export const ports = { hub: 8081, control: 8082, services: relayPort, edge: 8000 } as const;

/** Names of services, as in z2jh: people and programs know them. */
export const serviceNames = { hub: 'hub', edge: 'proxy-public' } as const;
