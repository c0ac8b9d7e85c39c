import type { Compilable, CompiledQuery, Kysely, Transaction } from 'kysely';
import type { Database } from './database.ts';
import type { Store } from './store.ts';

/**
 * A read that is asked for again and again: its SQL is made at the first time only, which is most of what a small query
 * costs.
 */
export class PreparedQuery<Parameters extends readonly unknown[], Row> {
  readonly #store: Store;
  readonly #build: (...parameters: Parameters) => Compilable<Row>;
  #compiled: CompiledQuery<Row> | undefined;

  /**
   * @param build makes the query. Its SQL must be the same whatever the parameters are, and have each of them once, in
   * their order.
   */
  constructor(store: Store, build: (...parameters: Parameters) => Compilable<Row>) {
    this.#store = store;
    this.#build = build;
  }

  /** Runs it. */
  all(...parameters: Parameters): Promise<Row[]> {
    this.#compiled ??= this.#compile(parameters);
    return this.#store.read<Row>({ ...this.#compiled, parameters });
  }

  /** Runs it for one row at most. */
  async first(...parameters: Parameters): Promise<Row | undefined> {
    return (await this.all(...parameters))[0];
  }

  #compile(parameters: Parameters): CompiledQuery<Row> {
    return compileWith(this.#build(...parameters), parameters);
  }
}

/** The same for a read that is asked for inside transactions too. */
export class PreparedRead<Parameters extends readonly unknown[], Row> {
  readonly #build: (db: Kysely<Database>, ...parameters: Parameters) => Compilable<Row>;
  /** By the kind of database. */
  readonly #compiled = new WeakMap<object, CompiledQuery<Row>>();

  /** @param build see {@link PreparedQuery} */
  constructor(build: (db: Kysely<Database>, ...parameters: Parameters) => Compilable<Row>) {
    this.#build = build;
  }

  /** Runs it. */
  async all(db: Kysely<Database>, ...parameters: Parameters): Promise<Row[]> {
    const kind = db.getExecutor().adapter.constructor;
    const compiled = this.#compiled.get(kind) ?? compileWith(this.#build(db, ...parameters), parameters);
    this.#compiled.set(kind, compiled);
    return (await db.executeQuery<Row>({ ...compiled, parameters })).rows;
  }

  /** Runs it for one row at most. */
  async first(db: Kysely<Database>, ...parameters: Parameters): Promise<Row | undefined> {
    return (await this.all(db, ...parameters))[0];
  }
}

/** The same for a change that is made again and again. */
export class PreparedChange<Parameters extends readonly unknown[]> {
  readonly #build: (...parameters: Parameters) => Compilable;
  #compiled: CompiledQuery | undefined;

  /** @param build see {@link PreparedQuery} */
  constructor(build: (...parameters: Parameters) => Compilable) {
    this.#build = build;
  }

  /** Makes it, inside a transaction. */
  async make(db: Transaction<Database>, ...parameters: Parameters): Promise<void> {
    this.#compiled ??= compileWith(this.#build(...parameters), parameters);
    await db.executeQuery({ ...this.#compiled, parameters });
  }
}

function compileWith<Row>(query: Compilable<Row>, parameters: readonly unknown[]): CompiledQuery<Row> {
  const compiled = query.compile();
  const fits =
    compiled.parameters.length === parameters.length &&
    compiled.parameters.every((value, index) => value === parameters[index]);
  if (!fits) throw new Error(`the parameters are not where they were said to be: ${compiled.sql}`);
  return compiled;
}

/** Lengths to which lists are filled up, so that few different statements are needed. */
const listLengths = [1, 8, 50, 200, 1000];

/** Reads by a list of keys of any length, in as many statements as it takes. */
export class PreparedListQuery<Key, Row> {
  readonly #store: Store;
  readonly #build: (keys: readonly Key[]) => Compilable<Row>;
  readonly #byLength = new Map<number, PreparedQuery<Key[], Row>>();

  /** @param build makes the query, with the keys as its only parameters: `… where name in (keys)`. */
  constructor(store: Store, build: (keys: readonly Key[]) => Compilable<Row>) {
    this.#store = store;
    this.#build = build;
  }

  /** The rows of these keys. */
  async all(keys: readonly Key[]): Promise<Row[]> {
    const longest = listLengths.at(-1) ?? 1;
    if (keys.length > longest)
      return [...(await this.all(keys.slice(0, longest))), ...(await this.all(keys.slice(longest)))];
    const [first] = keys;
    if (first === undefined) return [];
    const length = listLengths.find((fitting) => fitting >= keys.length) ?? longest;
    // A key that is there twice finds no more than once.
    const filled = [...keys, ...Array.from({ length: length - keys.length }, () => first)];
    const query = this.#byLength.get(length) ?? new PreparedQuery(this.#store, (...list: Key[]) => this.#build(list));
    this.#byLength.set(length, query);
    return query.all(...filled);
  }
}
