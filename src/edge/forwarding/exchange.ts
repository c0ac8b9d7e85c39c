import { messageOf } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errorTable.ts';
import { corkForThisTurn } from '../connections/corkForThisTurn.ts';
import { splice } from '../connections/splice.ts';
import { isSameTarget } from '../connections/target.ts';
import type { UpstreamConnection, UpstreamUser } from '../connections/upstreamConnection.ts';
import type { Granted, Refused } from '../control/grants.ts';
import type { GateWaiter } from '../control/hubGate.ts';
import type { EdgeContext } from '../edgeContext.ts';
import { type BodyReader, LengthReader, noBody } from '../http/bodyReader.ts';
import { ChunkedReader } from '../http/chunkedReader.ts';
import { answerProblem, answerText, type EdgeAnswer } from '../http/errorPage.ts';
import { isForeignOrigin } from '../http/origin.ts';
import type { RequestHead } from '../http/requestHead.ts';
import type { ResponseHead } from '../http/responseHead.ts';
import { type HttpEntry, withoutSegments } from '../routeTable.ts';
import type { Client } from './client.ts';
import { forwardedFields, hostSeenByClient } from './forwardedFields.ts';
import { forwardedRequestHead } from './forwardRequest.ts';
import { forwardedResponseHead } from './forwardResponse.ts';
import { type RelayProgress, ResponseRelay } from './responseRelay.ts';
import { secureLocation } from './secureLocation.ts';

/** Methods that may be sent a second time when the answer to the first did not come, because they change nothing. */
const safe = new Set(['GET', 'HEAD', 'OPTIONS']);
/** A hub that dies of a request is not sent it for ever. */
const mostAttempts = 5;
const retryAfterSeconds = 3;

/** One request and its response: from the complete head to the last byte of the answer, or to a tunnel. */
export class Exchange implements UpstreamUser, GateWaiter {
  /** The server takes bytes of the request's body. */
  takesBody = false;
  readonly #edge: EdgeContext;
  readonly #client: Client;
  readonly #request: RequestHead;
  readonly #requestBody: BodyReader;
  #entry: HttpEntry | undefined;
  #forwarded = '';
  #grant: Granted | undefined;
  #forgetGrant: (() => void) | undefined;
  #upstream: UpstreamConnection | undefined;
  #relay: ResponseRelay | undefined;
  /** The upstream connection was idle before, so the server may be closing it. */
  #reused = false;
  /** Bytes of the request were written. */
  #sent = false;
  #attempts = 0;
  #heldUntil: number | undefined;
  #over = false;

  constructor(edge: EdgeContext, client: Client, request: RequestHead) {
    this.#edge = edge;
    this.#client = client;
    this.#request = request;
    if (request.body === 0) this.#requestBody = noBody;
    else this.#requestBody = request.body === 'chunked' ? new ChunkedReader() : new LengthReader(request.body);
    edge.counts.requests++;
    edge.counts.exchanges++;
  }

  /** The request's body was read to its end. */
  get bodyReceived(): boolean {
    return this.#requestBody.done;
  }

  /** The client has got the head of a response. */
  get answered(): boolean {
    return this.#relay?.headPassed === true;
  }

  /** Looks for the route, checks the access, and sends the request on. */
  begin(): void {
    const { table, hub, secureHosts } = this.#edge;
    const elsewhere = secureLocation(this.#request, this.#client.peer, secureHosts);
    if (elsewhere !== undefined) {
      this.#answer(elsewhere);
      return;
    }
    if (!table.loaded) {
      this.#hold();
      return;
    }
    const { host, path } = this.#request;
    const entry = table.match(host, path) ?? hub;
    this.#entry = entry;
    this.#forwarded = forwardedFields(this.#request, this.#client.peer);
    entry.activity.begin();
    if (entry.route.access === 'open') this.#connect(entry, false);
    else void this.#checkAccess(entry);
  }

  /** Bytes of the request wait to be written. */
  get writing(): boolean {
    return this.#upstream !== undefined && this.#upstream.socket.writableLength > 0;
  }

  /** Passes bytes of the request's body on; returns the offset of the first byte after it. */
  takeBody(input: Buffer): number {
    const { deadlines, limits } = this.#edge;
    const end = this.#requestBody.read(input, 0);
    this.#entry?.activity.touch();
    const flowing = this.#upstream?.socket.write(end === input.length ? input : input.subarray(0, end));
    if (flowing === false) this.takesBody = false;
    this.#client.deadline = this.#requestBody.done ? Infinity : deadlines.now + limits.stallMs;
    return end;
  }

  /** The client has sent its FIN: without its body the request is void; otherwise it may still be listening. */
  onClientEnd(): void {
    if (this.#requestBody.done) this.#expectSignOfLife();
    else if (this.answered) this.#breakOff();
    else {
      this.abandon();
      this.#client.finish(false);
    }
  }

  /** The client reads on. */
  onClientDrain(): void {
    this.#client.deadline = Infinity;
    if (this.#client.ended) this.#expectSignOfLife();
    this.#upstream?.socket.resume();
  }

  /** Ends it without an answer. */
  abandon(): void {
    if (this.#over) return;
    this.#end();
    this.#entry?.pool.leave(this);
    this.#upstream?.drop();
  }

  onHubBack(): void {
    if (this.#entry === undefined) this.begin();
    else if (this.#entry.route.access === 'granted' && this.#forgetGrant === undefined)
      void this.#checkAccess(this.#entry);
    else this.#connect(this.#entry, false);
  }

  onHubAway(): void {
    this.#fail('ATOLL_EDGE_HUB_AWAY', 'The hub does not answer at the moment.', retryAfterSeconds);
  }

  onConnected(connection: UpstreamConnection, reused: boolean): void {
    this.#upstream = connection;
    this.#reused = reused;
    this.#send();
  }

  onUpstreamData(chunk: Buffer): boolean {
    const relay = this.#relay as ResponseRelay;
    if (this.#client.ended) this.#expectSignOfLife();
    let progress: RelayProgress;
    try {
      progress = relay.read(chunk);
    } catch (error) {
      this.#onBadResponse(messageOf(error));
      return false;
    }
    if (progress === 'complete') this.#complete(relay);
    else if (progress === 'switching') this.#switchProtocols(relay);
    else if (!relay.flowing) {
      this.#upstream?.socket.pause();
      this.#client.deadline = this.#edge.deadlines.now + this.#edge.limits.stallMs;
    }
    return relay.kept;
  }

  onUpstreamEnd(): void {
    if (this.#relay?.endsWithConnection) this.#complete(this.#relay);
    else this.#upstream?.socket.destroy();
  }

  onUpstreamDrain(): void {
    this.takesBody = true;
    this.#client.resumeInput();
  }

  onUpstreamLost(error: Error | undefined): void {
    const entry = this.#entry as HttpEntry;
    this.#upstream = undefined;
    this.takesBody = false;
    if (this.#relay?.headPassed) this.#breakOff();
    else if (this.#reused && this.#mayRepeat()) this.#connect(entry, true);
    else if (this.#isForHub(entry) && (!this.#sent || this.#mayRepeat())) this.#hold();
    else this.#failToReach(entry, error);
  }

  /** Answers requests to `granted` routes that may not pass, and connects for those that may. */
  async #checkAccess(entry: HttpEntry): Promise<void> {
    const { grants, log } = this.#edge;
    if (
      this.#request.upgrade !== undefined &&
      isForeignOrigin(this.#request, hostSeenByClient(this.#request, this.#client.peer))
    ) {
      this.#fail('ATOLL_EDGE_FOREIGN_ORIGIN', 'A page of another site tried to open a connection here.');
      return;
    }
    let verdict: Granted | Refused;
    try {
      verdict =
        grants.recall(entry.route, this.#request) ??
        (await grants.request(entry.route, this.#request, this.#forwarded));
    } catch (error) {
      if (this.#over) return;
      log('warn', { route: entry.route.id, reason: messageOf(error) }, 'the hub cannot be asked for a grant');
      this.#hold();
      return;
    }
    if (this.#over) return;
    if (!verdict.allowed) {
      this.#answer(verdict.response);
      return;
    }
    this.#grant = verdict;
    this.#forgetGrant = grants.rest(verdict, () => this.#breakOff());
    this.#connect(entry, false);
  }

  /** Waits for the hub, from the first moment it was missed, or answers that it is away. */
  #hold(): void {
    const { gate } = this.#edge;
    this.#heldUntil ??= gate.holdUntil();
    const bytes = this.#request.fields.text.length + this.#client.waitingBytes;
    if (!gate.wait(this, this.#heldUntil, bytes)) this.onHubAway();
  }

  /**
   * Takes any connection where the request could be repeated should it prove stale, or where it cannot be: the hub keeps its
   * connections longer than the edge does. Opens a new one otherwise.
   */
  #connect(entry: HttpEntry, fresh: boolean): void {
    const mayReuse = !fresh && (this.#mayRepeat() || this.#isForHub(entry));
    this.#reused = false;
    if (mayReuse) entry.pool.take(this);
    else this.#upstream = entry.pool.connect(this);
  }

  #send(): void {
    const upstream = this.#upstream as UpstreamConnection;
    const entry = this.#entry as HttpEntry;
    const { route, depth } = entry;
    const withheld = route.access === 'granted' ? 'all' : this.#isForHub(entry) ? 'none' : 'login';
    this.#sent = true;
    this.#attempts++;
    this.#heldUntil = undefined;
    this.#relay = new ResponseRelay(this.#client, this.#request, upstream.head, {
      withheld,
      mayKeepAlive: () => this.#mayKeepAlive(),
    });
    const { pathAndQuery } = this.#request;
    const head = forwardedRequestHead(this.#request, {
      pathAndQuery: route.stripPrefix ? withoutSegments(pathAndQuery, depth) : pathAndQuery,
      forwarded: this.#forwarded,
      withheld,
    });
    corkForThisTurn(upstream.socket);
    upstream.socket.write(head, 'latin1');
    this.takesBody = true;
    if (!this.#requestBody.done) this.#client.resumeInput();
  }

  /** The whole request could be sent again without anybody noticing. */
  #mayRepeat(): boolean {
    const { method, body } = this.#request;
    return body === 0 && safe.has(method) && !this.#relay?.begun && this.#attempts < mostAttempts;
  }

  #mayKeepAlive(): boolean {
    return (
      this.#request.keepAlive &&
      this.#requestBody.done &&
      // After a refused upgrade it is not known what the client's next bytes are.
      this.#request.upgrade === undefined &&
      !this.#edge.stopping
    );
  }

  #isForHub(entry: HttpEntry): boolean {
    return isSameTarget(entry.route.target, this.#edge.hub.route.target);
  }

  #complete(relay: ResponseRelay): void {
    const entry = this.#entry as HttpEntry;
    const upstream = this.#upstream as UpstreamConnection;
    const response = relay.response as ResponseHead;
    if (response.status < 300) entry.activity.touch();
    const reusable = response.keepAlive && this.#requestBody.done && relay.rest === undefined;
    if (reusable && !relay.endsWithConnection) entry.pool.giveBack(upstream);
    else upstream.drop();
    this.#end();
    this.#client.finish(relay.keepAlive);
  }

  #switchProtocols(relay: ResponseRelay): void {
    const response = relay.response as ResponseHead;
    if (this.#request.upgrade === undefined || response.fields.get('upgrade') === undefined) {
      this.#onBadResponse('the server switches to a protocol that nobody asked for');
      return;
    }
    if (this.#client.ended) {
      this.#breakOff();
      return;
    }
    const { counts, grants } = this.#edge;
    const { activity } = this.#entry as HttpEntry;
    const { wire } = this.#client;
    const early = this.#client.detach();
    const upstream = (this.#upstream as UpstreamConnection).detach();
    const head = forwardedResponseHead(response, { connection: 'implicit', dechunked: false, withheld: 'all' });
    wire.socket.write(head, 'latin1');
    if (relay.rest !== undefined && relay.rest.length > 0) wire.socket.write(Buffer.from(relay.rest));
    if (early !== undefined) upstream.socket.write(early);
    this.#end();
    const forgetGrant = this.#grant && grants.rest(this.#grant, () => wire.socket.destroy());
    activity.opened();
    counts.tunnels++;
    splice(wire, upstream, {
      onClientData: () => activity.touch(),
      onClosed: () => {
        counts.tunnels--;
        activity.closed();
        forgetGrant?.();
      },
    });
  }

  #onBadResponse(reason: string): void {
    this.#edge.log('warn', { route: this.#entry?.route.id, reason }, 'a server does not answer with valid HTTP');
    if (this.answered) this.#breakOff();
    else this.#fail('ATOLL_EDGE_BAD_RESPONSE', 'The server answered with something that is not valid HTTP.');
  }

  #failToReach(entry: HttpEntry, error: Error | undefined): void {
    const reason = error === undefined ? undefined : messageOf(error);
    this.#edge.log('warn', { route: entry.route.id, reason }, 'a server does not answer');
    if (this.#sent) this.#fail('ATOLL_EDGE_CONNECTION_LOST', 'The server ended the connection before it answered.');
    else this.#fail('ATOLL_EDGE_SERVER_AWAY', 'The server does not answer at the moment.', retryAfterSeconds);
  }

  #fail(code: ErrorCode, sentence: string, retryAfter?: number): void {
    const problem = retryAfter === undefined ? { code, sentence } : { code, sentence, retryAfter };
    this.#answer(answerProblem(problem, this.#request));
  }

  /** Answers without the server. */
  #answer(answer: EdgeAnswer): void {
    this.abandon();
    const keepAlive = this.#mayKeepAlive();
    const text = answerText(answer, keepAlive ? 'keep-alive' : 'close', this.#request.method !== 'HEAD');
    this.#client.socket.write(text, 'latin1');
    this.#client.finish(keepAlive);
  }

  /** Ends it in the middle, visibly for the client. */
  #breakOff(): void {
    this.abandon();
    this.#client.abort();
  }

  #expectSignOfLife(): void {
    this.#client.deadline = this.#edge.deadlines.now + this.#edge.limits.halfCloseMs;
  }

  #end(): void {
    this.#over = true;
    this.#edge.counts.exchanges--;
    this.#edge.gate.leave(this);
    this.#forgetGrant?.();
  }
}
