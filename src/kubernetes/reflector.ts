import { sleep } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';

/** What {@link Reflector} is made for. */
export interface ReflectorOptions<Raw, View extends Reflected> {
  client: Pick<ApiClient, 'request' | 'stream'>;
  /** The collection, such as `/api/v1/namespaces/hub/pods`. */
  path: string;
  labelSelector?: string;
  /** Keeps what is needed of an object; undefined: the object is none of ours. The rest is let go at once. */
  project: (raw: Raw) => View | undefined;
  /** An object is new, or has changed, or (`undefined`) is gone; `last` is how it was seen last. */
  onChange(key: string, view: View | undefined, last: View | undefined): void;
  /** Something went wrong, and will be tried again in so many milliseconds. */
  onTrouble(message: string, againInMs: number): void;
  times?: Partial<ReflectorTimes>;
}

/** What the reflector keeps of every object. */
export interface Reflected {
  /** Unique in the collection. */
  key: string;
  /** Kubernetes' `metadata.resourceVersion`. */
  version: string;
}

/** All in milliseconds. */
export interface ReflectorTimes {
  /** How long one watch is asked to last; half as much again at random, so that watches do not end all at once. */
  watchMs: number;
  /** A watch that has said nothing for so long, not even a bookmark (which come each minute), is given up. */
  silenceMs: number;
  /** Everything is listed anew so often, whatever the watch says. */
  relistMs: number;
  /** The shortest and the longest pause after a failure. */
  firstPauseMs: number;
  lastPauseMs: number;
}

const defaultTimes: ReflectorTimes = {
  watchMs: 240_000,
  silenceMs: 90_000,
  relistMs: 600_000,
  firstPauseMs: 50,
  lastPauseMs: 5000,
};

/** Objects a page of a list. */
const pageSize = 500;

interface ListPage<Raw> {
  metadata: { resourceVersion: string; continue?: string };
  items?: Raw[];
}

/** One line of a watch (Kubernetes' API concepts, "Efficient detection of changes"). */
interface WatchLine<Raw> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: Raw & { metadata?: { resourceVersion?: string }; code?: number; reason?: string; message?: string };
}

/**
 * A copy of one collection of Kubernetes' objects that is kept up to date, whatever happens to the connection: it lists, then
 * watches from there. A watch that ends, breaks, goes silent or tells nonsense is begun anew from where it was; one that is
 * too old (410) leads to a new list, whose differences are told like any other change. There is no number of failures after
 * which it gives up, and no way in which it goes on reading a copy that nobody updates: `silentSince` says since when nothing
 * has been heard.
 */
export class Reflector<Raw, View extends Reflected> {
  readonly #options: ReflectorOptions<Raw, View>;
  readonly #times: ReflectorTimes;
  readonly #views = new Map<string, View>();
  readonly #closing = new AbortController();
  /** Objects that were noted since a list began, which it need not have; undefined: none is under way. */
  #notedMeanwhile: Set<string> | undefined;
  #version: string | undefined;
  #listedAt = 0;
  #heardAt = Date.now();
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions<Raw, View>) {
    this.#options = options;
    this.#times = { ...defaultTimes, ...options.times };
  }

  /**
   * Lists everything, then goes on watching.
   * @throws ApiError when the first list fails for good, such as for lack of rights.
   */
  async open(): Promise<void> {
    await this.#list();
    this.#running = this.#follow();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  /** Takes what the answer to a request showed, unless the watch was faster. */
  note(view: View): void {
    if (this.#views.has(view.key)) return;
    this.#notedMeanwhile?.add(view.key);
    this.#keep(view);
  }

  get(key: string): View | undefined {
    return this.#views.get(key);
  }

  list(): IterableIterator<View> {
    return this.#views.values();
  }

  get size(): number {
    return this.#views.size;
  }

  /** When the API server was heard last, milliseconds since the epoch. */
  get silentSince(): number {
    return this.#heardAt;
  }

  async #follow(): Promise<void> {
    let pause = this.#times.firstPauseMs;
    while (!this.#closing.signal.aborted) {
      try {
        if (this.#version === undefined || Date.now() - this.#listedAt > this.#times.relistMs) await this.#list();
        if (await this.#watch()) {
          pause = this.#times.firstPauseMs;
          continue;
        }
        // A watch that ends without a word: the server may do that again and again.
        await sleep(pause, this.#closing.signal);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (isExpired(error)) this.#version = undefined;
        const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
        const wait = Math.max(asked, pause * (0.5 + Math.random() / 2));
        this.#options.onTrouble(messageOf(error), Math.round(wait));
        await sleep(wait, this.#closing.signal);
      }
      pause = Math.min(this.#times.lastPauseMs, pause * 2);
    }
  }

  async #list(): Promise<void> {
    const { client, path, labelSelector, project } = this.#options;
    const signal = this.#closing.signal;
    const found = new Map<string, View>();
    const notedMeanwhile = new Set<string>();
    this.#notedMeanwhile = notedMeanwhile;
    let page: ListPage<Raw> | undefined;
    do {
      const more = page?.metadata.continue;
      const query = { limit: pageSize, labelSelector, continue: more || undefined };
      page = await client.request<ListPage<Raw>>({ path, query, signal, retryForMs: 0 });
      this.#heardAt = Date.now();
      for (const raw of page.items ?? []) {
        const view = project(raw);
        if (view) found.set(view.key, view);
      }
    } while (page.metadata.continue);
    this.#version = page.metadata.resourceVersion;
    this.#listedAt = Date.now();
    this.#notedMeanwhile = undefined;
    // What was made after the list was taken is not gone: the watch that follows tells of it.
    for (const key of this.#views.keys()) if (!found.has(key) && !notedMeanwhile.has(key)) this.#forget(key, undefined);
    for (const view of found.values()) this.#keep(view);
  }

  /** Watches until the watch ends. Returns whether it said anything. */
  async #watch(): Promise<boolean> {
    const { client, path, labelSelector } = this.#options;
    const silence = new AbortController();
    const begun = Date.now();
    const timer = setInterval(() => {
      if (Date.now() - Math.max(begun, this.#heardAt) > this.#times.silenceMs)
        silence.abort(new Error('the watch has gone silent'));
    }, this.#times.silenceMs / 10);
    timer.unref();
    const lasting = this.#times.watchMs * (1 + Math.random() / 2);
    const untilRelist = Math.max(1000, this.#listedAt + this.#times.relistMs - Date.now());
    let said = false;
    try {
      const { body } = await client.stream({
        path,
        query: {
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion: this.#version,
          timeoutSeconds: Math.ceil(Math.min(lasting, untilRelist) / 1000),
          labelSelector,
        },
        signal: AbortSignal.any([this.#closing.signal, silence.signal]),
      });
      this.#heardAt = Date.now();
      for await (const line of linesOf(body)) {
        this.#heardAt = Date.now();
        said = true;
        this.#take(JSON.parse(line) as WatchLine<Raw>);
      }
    } catch (error) {
      throw silence.signal.aborted ? silence.signal.reason : error;
    } finally {
      clearInterval(timer);
    }
    return said;
  }

  #take({ type, object }: WatchLine<Raw>): void {
    if (type === 'ERROR')
      throw new ApiError(object.code ?? 500, object.reason ?? 'Unknown', object.message ?? 'the watch failed');
    const version = object.metadata?.resourceVersion;
    if (type !== 'BOOKMARK') {
      const view = this.#options.project(object);
      if (view && type === 'DELETED') this.#forget(view.key, view);
      else if (view) this.#keep(view);
    }
    if (version !== undefined) this.#version = version;
  }

  #keep(view: View): void {
    const last = this.#views.get(view.key);
    if (last?.version === view.version) return;
    this.#views.set(view.key, view);
    this.#options.onChange(view.key, view, last);
  }

  /** An object is gone; `end` is how it was in the end, when that was told. */
  #forget(key: string, end: View | undefined): void {
    const last = this.#views.get(key);
    if (!last) return;
    this.#views.delete(key);
    this.#options.onChange(key, undefined, end ?? last);
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** A line longer than this is no object of Kubernetes (etcd's own limit is 1.5 MB). */
const longestLine = 16 * 1024 * 1024;

/** The lines of a body, which may come in any pieces. What is after the last line break is dropped: it was cut off. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      const line = (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))?.toString('utf8') ?? '';
      pieces = [];
      length = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start));
      length += chunk.length - start;
      if (length > longestLine) throw new Error('the watch sent a line without an end');
    }
  }
}
