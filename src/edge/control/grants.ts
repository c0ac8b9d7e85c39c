import { hash } from 'node:crypto';
import type { RequestHead } from '../http/requestHead.ts';
import type { GrantAnswer, GrantQuestion, HttpRoute } from '../protocol.ts';
import { HubAwayError } from './hubLink.ts';

/** Asks the hub; rejects with {@link HubAwayError} when it does not answer. */
export type AskHub = (question: GrantQuestion) => Promise<GrantAnswer>;

/** How long grants are good, and how many are kept. */
export interface GrantLimits {
  /** Grants remembered at most; the oldest is forgotten first. */
  grants: number;
  /** Milliseconds during which an expired grant goes on being good while the hub is away. */
  staleGrantMs: number;
}

/** The hub lets a request pass. */
export interface Granted {
  allowed: true;
  /** The name under which it may be revoked. */
  grant: string;
  /** What was asked, so that it can be asked again. */
  question: GrantQuestion;
}

/** The hub does not, and says what the edge shall answer. */
export type Refused = Extract<GrantAnswer, { allowed: false }>;

interface Remembered {
  granted: Granted;
  freshUntil: number;
  staleUntil: number;
}

interface Resting {
  granted: Granted;
  close: () => void;
}

/** Milliseconds between two questions about an expired grant while the hub is away. */
const askAgainMs = 1000;

/** What a {@link GrantQuestion} takes along of the request's fields. */
const askedFields =
  /^(?:cookie|authorization|origin|host|accept|sec-fetch-[a-z]+|x-forwarded-(?:for|proto|host|port))$/;

/** The hub's permissions for `granted` routes: asked once for a credential and a route, remembered for a while, revocable. */
export class Grants {
  readonly #ask: AskHub;
  readonly #limits: GrantLimits;
  readonly #remembered = new Map<string, Remembered>();
  readonly #asking = new Map<string, Promise<GrantAnswer>>();
  readonly #resting = new Set<Resting>();
  /** Grows with every revocation, so that an answer given before one is not remembered after it. */
  #revocations = 0;

  constructor(ask: AskHub, limits: GrantLimits) {
    this.#ask = ask;
    this.#limits = limits;
  }

  /** Number of connections that rest on a grant now. */
  get resting(): number {
    return this.#resting.size;
  }

  /** What is remembered for this request, and fresh. */
  recall(route: HttpRoute, request: RequestHead): Granted | undefined {
    const remembered = this.#remembered.get(keyOf(route, request));
    return remembered !== undefined && remembered.freshUntil > Date.now() ? remembered.granted : undefined;
  }

  /**
   * Asks the hub. One question is under way for a credential and route; a refusal is for its own request only, since it
   * says where that one should go instead.
   * @param forwarded the X-Forwarded lines, with CRLFs
   * @throws HubAwayError when the hub does not answer and nothing remembered is good enough
   */
  async request(route: HttpRoute, request: RequestHead, forwarded: string): Promise<Granted | Refused> {
    const key = keyOf(route, request);
    const question = questionOf(route, request, forwarded);
    const underWay = this.#asking.get(key);
    if (underWay !== undefined) {
      const answer = await underWay.catch(() => undefined);
      const granted = this.recall(route, request);
      if (answer?.allowed && granted !== undefined) return granted;
    }
    try {
      return await this.#askAndRemember(key, question);
    } catch (error) {
      const remembered = this.#remembered.get(key);
      const now = Date.now();
      if (!(error instanceof HubAwayError) || remembered === undefined || remembered.staleUntil <= now) throw error;
      remembered.freshUntil = now + askAgainMs;
      return remembered.granted;
    }
  }

  /** Notes a connection that is to be closed when its grant is revoked; returns a function that forgets it. */
  rest(granted: Granted, close: () => void): () => void {
    const entry: Resting = { granted, close };
    this.#resting.add(entry);
    return () => void this.#resting.delete(entry);
  }

  /** Forgets a grant and closes what rests on it. */
  revoke(grant: string): void {
    this.#revocations++;
    for (const [key, { granted }] of this.#remembered) if (granted.grant === grant) this.#remembered.delete(key);
    for (const entry of this.#resting) if (entry.granted.grant === grant) this.#close(entry);
  }

  /**
   * Asks again for everything: the edge was cut off from the hub, and may have missed revocations. Connections whose
   * grant is refused now are closed.
   */
  async renew(): Promise<void> {
    for (const remembered of this.#remembered.values()) remembered.freshUntil = 0;
    const byQuestion = Map.groupBy(this.#resting, ({ granted }) => granted.question);
    for (const [question, entries] of byQuestion) {
      const answer = await this.#ask(question).catch(() => undefined);
      if (answer === undefined) return;
      if (!answer.allowed) for (const entry of entries) this.#close(entry);
    }
  }

  #close(entry: Resting): void {
    if (this.#resting.delete(entry)) entry.close();
  }

  async #askAndRemember(key: string, question: GrantQuestion): Promise<Granted | Refused> {
    const revocations = this.#revocations;
    const asking = this.#ask(question);
    this.#asking.set(key, asking);
    let answer: GrantAnswer;
    try {
      answer = await asking;
    } finally {
      if (this.#asking.get(key) === asking) this.#asking.delete(key);
    }
    if (!answer.allowed) {
      this.#remembered.delete(key);
      return answer;
    }
    // What was just revoked may be what this answer rests on; asking again settles it.
    if (this.#revocations !== revocations) return this.#askAndRemember(key, question);
    const granted: Granted = { allowed: true, grant: answer.grant, question };
    const freshUntil = Date.now() + answer.ttlSeconds * 1000;
    this.#remembered.delete(key);
    this.#remembered.set(key, { granted, freshUntil, staleUntil: freshUntil + this.#limits.staleGrantMs });
    if (this.#remembered.size > this.#limits.grants)
      this.#remembered.delete(this.#remembered.keys().next().value as string);
    return granted;
  }
}

/** Route and credential; the credential only as a hash, so that no secret stays in memory for its sake. */
function keyOf(route: HttpRoute, { fields }: RequestHead): string {
  const credential = `${fields.get('cookie', '; ') ?? ''}\0${fields.get('authorization') ?? ''}`;
  return `${route.id}\0${hash('sha256', credential)}`;
}

function questionOf(route: HttpRoute, request: RequestHead, forwarded: string): GrantQuestion {
  const headers: Record<string, string> = {};
  for (const name of request.fields.names)
    if (askedFields.test(name) && !name.startsWith('x-forwarded-'))
      headers[name] = request.fields.get(name, name === 'cookie' ? '; ' : ', ') as string;
  headers.host = request.host;
  for (const line of forwarded.split('\r\n').filter(Boolean)) {
    const colon = line.indexOf(': ');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
  }
  return { routeId: route.id, method: request.method, path: request.pathAndQuery, headers };
}
