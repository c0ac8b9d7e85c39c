import type { Cluster, ClusterPhase } from '../../clusters/cluster.ts';
import type { ClusterModel } from './clusterModel.ts';

/** What the cache asks when it does not know. */
export interface ClusterListSource {
  /** A person's clusters in these phases. */
  list(owner: string, phases: readonly ClusterPhase[]): Promise<Cluster[]>;
  /** A cluster as its owner sees it. */
  modelOf(cluster: Cluster): Promise<ClusterModel>;
}

/** Bytes of lists that are kept. */
const mostBytes = 32 * 1024 * 1024;

/**
 * Lists of clusters as JSON, ready to be sent. Clients ask for them every few seconds, each cluster in them brings its key,
 * which must be unsealed, and clusters seldom change: whatever the change feed tells of is made anew.
 */
export class ClusterListCache {
  readonly #source: ClusterListSource;
  /** By cluster name. */
  readonly #models = new Map<string, string>();
  /** By owner and phases. */
  readonly #lists = new Map<string, Buffer>();
  #bytes = 0;
  /** Counts changes: what was read before one is not kept. */
  #changes = 0;

  constructor(feed: { followChanges(listener: (clusterName: string) => void): void }, source: ClusterListSource) {
    this.#source = source;
    feed.followChanges((name) => {
      this.#changes += 1;
      this.#models.delete(name);
      this.#forgetLists();
    });
  }

  /** The JSON of a person's clusters in these phases, by name. */
  async get(owner: string, phases: readonly ClusterPhase[]): Promise<Buffer> {
    const key = JSON.stringify([owner, phases]);
    const known = this.#lists.get(key);
    if (known) return known;
    const before = this.#changes;
    const clusters = await this.#source.list(owner, phases);
    const entries: string[] = [];
    for (const cluster of clusters)
      entries.push(`${JSON.stringify(cluster.name)}:${await this.#modelOf(cluster, before)}`);
    const list = Buffer.from(`{${entries.join(',')}}`);
    if (before === this.#changes) this.#keep(key, list);
    return list;
  }

  async #modelOf(cluster: Cluster, before: number): Promise<string> {
    const known = this.#models.get(cluster.name);
    if (known !== undefined) return known;
    const text = JSON.stringify(await this.#source.modelOf(cluster));
    // Only those that run bring a key; the others are made as fast as they are found.
    if (before === this.#changes && cluster.phase === 'running') this.#models.set(cluster.name, text);
    return text;
  }

  #keep(key: string, list: Buffer): void {
    if (this.#bytes + list.length > mostBytes) {
      this.#forgetLists();
      this.#models.clear();
    }
    if (list.length > mostBytes) return;
    this.#bytes += list.length;
    this.#lists.set(key, list);
  }

  #forgetLists(): void {
    this.#lists.clear();
    this.#bytes = 0;
  }
}
