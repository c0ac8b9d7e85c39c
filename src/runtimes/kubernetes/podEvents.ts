import type { Event } from 'kubernetes-types/core/v1.js';
import type { ApiClient } from '../../kubernetes/apiClient.ts';
import { Reflector } from '../../kubernetes/reflector.ts';
import { type EventView, eventView } from './eventView.ts';

/** Events kept of one object. */
const mostKept = 12;

/** What Kubernetes says about pods and volume claims of the namespace: one watch for all. */
export class PodEvents {
  readonly #reflector: Reflector<Event, EventView>;
  readonly #byObject = new Map<string, EventView[]>();
  readonly #imageSizes = new Map<string, number>();
  readonly #onEvent: (podName: string) => void;

  constructor(
    client: ApiClient,
    namespace: string,
    {
      onEvent,
      onTrouble,
    }: { onEvent: (podName: string) => void; onTrouble: (message: string, againInMs: number) => void },
  ) {
    this.#onEvent = onEvent;
    this.#reflector = new Reflector<Event, EventView>({
      client,
      path: `/api/v1/namespaces/${namespace}/events`,
      project: eventView,
      onChange: (_, view, last) => (view ? this.#add(view) : last && this.#remove(last)),
      onTrouble,
    });
  }

  open(): Promise<void> {
    return this.#reflector.open();
  }

  close(): Promise<void> {
    return this.#reflector.close();
  }

  /** The events about an object, oldest first. */
  about(uid: string): readonly EventView[] {
    return this.#byObject.get(uid) ?? [];
  }

  /** The sizes of images that nodes have pulled, in bytes, by name. */
  get imageSizes(): ReadonlyMap<string, number> {
    return this.#imageSizes;
  }

  #add(event: EventView): void {
    const others = (this.#byObject.get(event.about) ?? []).filter(({ key }) => key !== event.key);
    const all = [...others, event].sort((a, b) => a.at - b.at);
    this.#byObject.set(event.about, all.slice(-mostKept));
    const pulled = /image "([^"]+)".*Image size: (\d+) bytes/s.exec(event.message);
    if (pulled?.[1] !== undefined) this.#imageSizes.set(pulled[1], Number(pulled[2]));
    this.#onEvent(event.name);
  }

  #remove(event: EventView): void {
    const left = (this.#byObject.get(event.about) ?? []).filter(({ key }) => key !== event.key);
    if (left.length === 0) this.#byObject.delete(event.about);
    else this.#byObject.set(event.about, left);
  }
}
