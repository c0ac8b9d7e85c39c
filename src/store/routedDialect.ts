import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  SelectQueryNode,
} from 'kysely';

/** Where the queries of a {@link routedDialect} go. */
export interface QueryRoutes {
  /** Answers reads with what is committed. Undefined: reads wait for their turn among the writes. */
  read: (<R>(query: CompiledQuery) => Promise<QueryResult<R>>) | undefined;
  /** Runs any other query in a transaction of its own. */
  write(this: void, query: CompiledQuery): Promise<QueryResult<unknown>>;
}

/** A dialect for queries outside of {@link Store.write}: reads have connections of their own, and never wait for a write. */
export function routedDialect(dialect: Dialect, routes: QueryRoutes): Dialect {
  return {
    createAdapter: () => withManyConnections(dialect.createAdapter()),
    createDriver: () => new RoutedDriver(routes),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
  };
}

/** Nobody holds a connection for longer than one query. */
function withManyConnections(adapter: DialectAdapter): DialectAdapter {
  return Object.defineProperty(adapter, 'supportsMultipleConnections', { value: true });
}

class RoutedDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor({ read, write }: QueryRoutes) {
    this.#connection = {
      executeQuery: <R>(query: CompiledQuery): Promise<QueryResult<R>> =>
        read && SelectQueryNode.is(query.query) ? read<R>(query) : (write(query) as Promise<QueryResult<R>>),
      streamQuery: unsupported,
    };
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection);
  }

  async releaseConnection(): Promise<void> {}

  beginTransaction = unsupported;
  commitTransaction = unsupported;
  rollbackTransaction = unsupported;

  async destroy(): Promise<void> {}
}

function unsupported(): never {
  throw new Error('transactions are for Store.write');
}
