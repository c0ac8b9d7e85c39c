import { type Client, clientOf } from '../../identity/http/client.ts';
import type { Identity } from '../../identity/identity.ts';

/** Who calls the API, and how they are answered. */
export interface ApiClient extends Client {
  /** One of the hub's own paths, as an address at which this client reached the hub. */
  addressOf(path: string): string;
  /** How many entries of a list they get: at most (also when they do not ask for pages), and when they do not say. */
  pageLengths: { longest: number; usual: number };
}

/** Who sent a request. */
export function apiClientOf(request: Request, { urls, settings }: Pick<Identity, 'urls' | 'settings'>): ApiClient {
  const client = clientOf(request);
  const { longestPageLength: longest, defaultPageLength: usual } = settings.operations;
  return {
    ...client,
    addressOf: (path) => `${client.scheme}://${client.host}${urls.path(path)}`,
    pageLengths: { longest, usual: Math.min(usual, longest) },
  };
}
