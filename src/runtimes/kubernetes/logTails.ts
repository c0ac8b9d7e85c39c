import type { ApiClient } from '../../kubernetes/apiClient.ts';
import { ApiError } from '../../kubernetes/apiError.ts';
import type { Logger } from '../../observability/logger.ts';
import type { PodView } from './podView.ts';

const longestLine = 2000;
/** Lines kept of a workload whose pod is going. */
const keptLines = 1000;
const mostBytes = 4 * 1024 * 1024;
/** Streams at a time: thousands of workers may end at once, and their last lines interest nobody. */
const mostFollowed = 32;

/** What workloads wrote: asked of Kubernetes while their pods are there, and kept from the moment on that a pod is going. */
export class LogTails {
  readonly #client: ApiClient;
  readonly #path: string;
  readonly #log: Logger;
  readonly #kept = new Map<string, string[]>();
  readonly #following = new Map<string, { end: AbortController; done: Promise<void> }>();

  constructor(client: ApiClient, namespace: string, log: Logger) {
    this.#client = client;
    this.#path = `/api/v1/namespaces/${namespace}/pods`;
    this.#log = log;
  }

  /** The last lines of a pod that is there. */
  async read(pod: PodView, lines: number): Promise<string[]> {
    const kept = this.#kept.get(pod.id);
    if (lines <= 0) return [];
    try {
      const query = { container: pod.mainName, tailLines: lines, limitBytes: mostBytes };
      return linesIn(await this.#client.text({ path: `${this.#path}/${pod.name}/log`, query })).slice(-lines);
    } catch (error) {
      // 404: the pod went meanwhile. 400: its container has not started.
      if (error instanceof ApiError && (error.status === 404 || error.status === 400)) return kept?.slice(-lines) ?? [];
      throw error;
    }
  }

  /** The last lines of a workload whose pod is gone. */
  kept(id: string, lines: number): string[] {
    return lines <= 0 ? [] : (this.#kept.get(id)?.slice(-lines) ?? []);
  }

  /** Keeps the last lines of a pod that is about to go. */
  follow(pod: PodView): void {
    if (!pod.main || this.#following.has(pod.id) || this.#following.size >= mostFollowed) return;
    const end = new AbortController();
    const done = this.#follow(pod, end.signal)
      .catch((error: unknown) => this.#log.debug({ err: error, workload: pod.id }, 'the last lines are lost'))
      .finally(() => this.#following.delete(pod.id));
    this.#following.set(pod.id, { end, done });
  }

  /** Resolves when what a pod wrote to its end is kept, or cannot be had within a second. */
  async settle(id: string): Promise<void> {
    const following = this.#following.get(id);
    if (!following) return;
    const timer = setTimeout(() => following.end.abort(), 1000);
    await following.done;
    clearTimeout(timer);
  }

  forget(id: string): void {
    this.#following.get(id)?.end.abort();
    this.#kept.delete(id);
  }

  close(): void {
    for (const { end } of this.#following.values()) end.abort();
  }

  async #follow(pod: PodView, signal: AbortSignal): Promise<void> {
    const { body } = await this.#client.stream({
      path: `${this.#path}/${pod.name}/log`,
      query: { container: pod.mainName, follow: true, tailLines: keptLines },
      signal,
    });
    let text = '';
    try {
      body.setEncoding('utf8');
      for await (const chunk of body as AsyncIterable<string>) {
        text += chunk;
        if (text.length > mostBytes) text = text.slice(-mostBytes / 2);
      }
    } finally {
      this.#kept.set(pod.id, linesIn(text).slice(-keptLines));
    }
  }
}

function linesIn(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.slice(0, longestLine));
}
