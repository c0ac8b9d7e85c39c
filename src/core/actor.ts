import { AsyncLocalStorage } from 'node:async_hooks';

/** On whose behalf something happens, for the audit log. */
export interface Actor {
  /** `anonymous`: a request of somebody who has not signed in; `system`: nobody asked (settings, limits, the life of servers). */
  kind: 'user' | 'service' | 'anonymous' | 'system';
  /** Name of the user or service; empty for the others. */
  name: string;
  /** `a7`: the token that was presented. Never the token itself. */
  tokenId?: string | undefined;
  /** The network address that the request came from. */
  address?: string | undefined;
}

/** An actor whose address is found out when somebody asks: most requests change nothing. */
type RequestActor = Omit<Actor, 'address'> & { addressOf: () => string };

const requests = new AsyncLocalStorage<RequestActor>();

const system: Actor = { kind: 'system', name: '' };

/**
 * Runs the answer to a request: what it leads to is done from this address, and by whom {@link identifyActor} says.
 * @param addressOf finds the address out
 */
export function asRequestFrom<T>(addressOf: () => string, work: () => T): T {
  return requests.run({ kind: 'anonymous', name: '', addressOf }, work);
}

/** Says who makes the present request. Without effect outside of one. */
export function identifyActor(actor: { kind: 'user' | 'service'; name: string; tokenId?: string | undefined }): void {
  const request = requests.getStore();
  if (!request) return;
  request.kind = actor.kind;
  request.name = actor.name;
  request.tokenId = actor.tokenId;
}

/** On whose behalf this runs. */
export function currentActor(): Actor {
  const request = requests.getStore();
  if (!request) return system;
  const { addressOf, ...actor } = request;
  return { ...actor, address: addressOf() };
}

/** Runs what a request only sets off, and what goes on by itself then: nobody's doing. */
export function outsideOfRequests<T>(work: () => T): T {
  return requests.exit(work);
}
