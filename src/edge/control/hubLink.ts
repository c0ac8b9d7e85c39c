import type { ClientRequest, IncomingMessage } from 'node:http';
import { messageOf } from '../../core/errors.ts';
import type { EdgeLog } from '../edgeLog.ts';
import type { ActivityReport, GrantAnswer, GrantQuestion, RouteEvent, Target } from '../protocol.ts';

// `import` would evaluate the module's getter of WebSocket, and with it load Node's whole fetch: 13 MB of every edge's memory.
const http = process.getBuiltinModule('node:http');

/** The hub's control socket cannot be reached, or does not answer. */
export class HubAwayError extends Error {}

/** What a {@link HubLink} needs. */
export interface HubLinkOptions {
  target: Target;
  /** Sent as `Authorization: Bearer …`. */
  token: string;
  /** Called for each event, in order. */
  onEvent(event: RouteEvent): void;
  log: EdgeLog;
}

const firstRetryMs = 50;
const lastRetryMs = 1000;
/** The hub writes an empty line every 10 s; after this long without one the connection is taken for dead. */
const silenceMs = 35_000;
const answerMs = 10_000;
const longestAnswer = 1024 * 1024;

/** The edge's connection to the hub's control socket: follows the routes for ever, asks for grants, reports activity. */
export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  #stream: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #stopped = false;
  /** The stream of routes is open. */
  connected = false;

  constructor(options: HubLinkOptions) {
    this.#options = options;
  }

  /** Begins to follow the routes. */
  start(): void {
    this.#follow();
  }

  /** Ends all connections to the hub. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#stream?.destroy();
    this.#agent.destroy();
  }

  /**
   * Asks whether a request may pass.
   * @throws HubAwayError when the hub does not answer
   */
  async ask(question: GrantQuestion): Promise<GrantAnswer> {
    const answer = await this.#post('/grants', question);
    try {
      return JSON.parse(answer) as GrantAnswer;
    } catch (error) {
      throw new HubAwayError('the hub answers with something that is no grant', { cause: error });
    }
  }

  /**
   * Reports traffic.
   * @throws HubAwayError when the hub did not take it
   */
  async report(report: ActivityReport): Promise<void> {
    await this.#post('/activity', report);
  }

  #follow(): void {
    const stream = http.request({ ...this.#address(), path: '/routes', headers: this.#headers(), agent: false });
    this.#stream = stream;
    let failure: string | undefined;
    stream.setTimeout(silenceMs, () => stream.destroy(new Error('the hub is silent')));
    stream.on('error', (error) => {
      failure = messageOf(error);
    });
    stream.on('response', (response) => {
      if (response.statusCode !== 200) {
        this.#options.log('error', { status: response.statusCode }, 'the hub refuses to tell its routes');
        this.#retryMs = lastRetryMs;
        stream.destroy();
        return;
      }
      this.#readEvents(response, stream);
    });
    stream.on('close', () => {
      if (this.connected) this.#options.log('warn', { failure }, 'the connection to the hub is lost');
      this.connected = false;
      if (this.#stopped) return;
      this.#timer = setTimeout(() => this.#follow(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    });
    stream.end();
  }

  #readEvents(response: IncomingMessage, stream: ClientRequest): void {
    let partial: string[] = [];
    response.setEncoding('utf8');
    response.on('error', () => {});
    response.on('data', (text: string) => {
      const lines = text.split('\n');
      partial.push(lines[0] as string);
      if (lines.length === 1) return;
      lines[0] = partial.join('');
      partial = [lines.pop() as string];
      try {
        for (const line of lines) if (line !== '') this.#handle(JSON.parse(line) as RouteEvent);
      } catch (error) {
        this.#options.log('error', { reason: messageOf(error) }, 'the hub sent something that is no route event');
        stream.destroy();
      }
    });
  }

  #handle(event: RouteEvent): void {
    if (event.type === 'snapshot') {
      this.connected = true;
      this.#retryMs = firstRetryMs;
    }
    this.#options.onEvent(event);
  }

  #post(path: string, body: unknown): Promise<string> {
    return new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const post = http.request({
        ...this.#address(),
        path,
        method: 'POST',
        agent: this.#agent,
        headers: {
          ...this.#headers(),
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
        },
      });
      const fail = (reason: string): void => {
        reject(new HubAwayError(reason));
        post.destroy();
      };
      post.setTimeout(answerMs, () => fail('the hub does not answer'));
      post.on('error', (error) => fail(messageOf(error)));
      post.on('response', (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          answer += part;
          if (answer.length > longestAnswer) fail('the answer of the hub is too large');
        });
        response.on('error', (error) => fail(messageOf(error)));
        response.on('end', () => {
          if (response.statusCode === 200 || response.statusCode === 204) resolve(answer);
          else fail(`the hub answers ${response.statusCode}`);
        });
      });
      post.end(text);
    });
  }

  #address(): { socketPath: string } | { host: string; port: number } {
    const { target } = this.#options;
    return target.kind === 'unix' ? { socketPath: target.path } : { host: target.host, port: target.port };
  }

  #headers(): Record<string, string> {
    return { Authorization: `Bearer ${this.#options.token}` };
  }
}
