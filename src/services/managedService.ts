import type { ManagedServiceSettings, ServiceSettings } from '../config/settings.ts';
import { sha256Hex } from '../core/ids.ts';
import type { Service } from '../identity/services.ts';

/** A service that the hub runs, as the settings want it. */
export interface ManagedService {
  service: Service;
  how: ManagedServiceSettings;
  /** The folder it starts in, absolute or as the hub's own working folder has it. */
  directory: string;
  /** The token of the settings; undefined: a new one for each start. */
  apiToken: string | undefined;
  /** SHA-256 of everything that a start depends on. */
  digest: string;
}

/** The services of the settings that the hub runs, by name. */
export function managedServices(
  settings: Readonly<Record<string, ServiceSettings>>,
  serviceOf: (name: string) => Service | undefined,
  hubUrl: string,
): Map<string, ManagedService> {
  const managed = new Map<string, ManagedService>();
  for (const { name, managed: how, apiToken } of Object.values(settings)) {
    const service = serviceOf(name);
    if (!how || !service) continue;
    const directory = how.cwd ?? process.cwd();
    const { url, oauth } = service;
    const digest = sha256Hex(JSON.stringify([how, directory, url, oauth, hubUrl, apiToken && sha256Hex(apiToken)]));
    managed.set(name, { service, how, directory, apiToken, digest });
  }
  return managed;
}
