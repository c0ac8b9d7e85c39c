import { Bell } from '../core/bell.ts';
import { AtollError } from '../core/errors.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import type { Store } from '../store/store.ts';
import type { ProgressBoard, ProgressEvent } from './progressBoard.ts';
import type { Server } from './server.ts';
import { fullNameOf } from './serverPath.ts';
import { logNameOf, serverNotFound } from './serverRequests.ts';
import { readServer } from './serverTable.ts';

/** Where progress is read from. */
export interface ProgressSources {
  store: Store;
  board: ProgressBoard;
  /** Where people find things. */
  urls: PublicUrls;
}

/**
 * The progress of a server's present start, as JupyterHub streams it: what happened so far,
 * what happens from now on, and one last event that says ready or failed. A server that is ready, or failed, gives that
 * last event only. Ends early when `signal` aborts.
 * @throws AtollError `ATOLL_SERVER_NOT_FOUND`; `ATOLL_SERVER_NOT_STARTING` when it is stopped and nothing failed.
 */
export async function followProgress(
  sources: ProgressSources,
  user: string,
  name: string,
  signal: AbortSignal,
): Promise<AsyncGenerator<ProgressEvent, void>> {
  const server = await readServer(sources.store.db, user, name);
  if (!server) throw serverNotFound(user, name);
  if (server.phase !== 'starting' && server.phase !== 'ready' && !server.failure)
    throw new AtollError('ATOLL_SERVER_NOT_STARTING', `${logNameOf(user, name)} is not starting...`);
  return streamProgress(sources, server, signal);
}

async function* streamProgress(
  { store, board, urls }: ProgressSources,
  first: Server,
  signal: AbortSignal,
): AsyncGenerator<ProgressEvent, void> {
  const early = lastEventOf(urls, first, first);
  if (early) {
    yield early;
    return;
  }
  const bell = new Bell();
  const workloadId = first.workloadId ?? '';
  const waiting: ProgressEvent[] = [{ progress: 0, message: 'Server requested' }, ...board.eventsOf(workloadId)];
  const unfollowBoard = board.follow(workloadId, (event) => {
    waiting.push(event);
    bell.ring();
  });
  const fullName = fullNameOf(first.user, first.name);
  const unfollowStore = store.changes.followOne('servers', fullName, () => bell.ring());
  try {
    while (!signal.aborted) {
      const last = lastEventOf(urls, first, await readServer(store.db, first.user, first.name));
      yield* waiting.splice(0);
      if (last) {
        yield last;
        return;
      }
      await bell.wait(signal);
    }
  } finally {
    unfollowBoard();
    unfollowStore();
  }
}

/** The event with which the start that `first` is in ends, or undefined while it goes on. */
function lastEventOf(urls: PublicUrls, first: Server, current: Server | undefined): ProgressEvent | undefined {
  if (!current || current.workloadId !== first.workloadId) return cancelled;
  if (current.failure) return failedEvent(current.failure.message);
  if (current.phase === 'ready') return readyEvent(urls, current);
  return current.phase === 'starting' ? undefined : cancelled;
}

const cancelled: ProgressEvent = { progress: 100, failed: true, message: 'Spawn cancelled' };

function failedEvent(reason: string): ProgressEvent {
  return { progress: 100, failed: true, message: `Spawn failed: ${reason}` };
}

function readyEvent(urls: PublicUrls, server: Server): ProgressEvent {
  const url = urls.server(server.user, server.name);
  return {
    progress: 100,
    ready: true,
    message: `Server ready at ${url}`,
    // The path is percent-encoded, so it holds nothing that HTML would take for markup.
    html_message: `Server ready at <a href="${url}">${url}</a>`,
    url,
  };
}
