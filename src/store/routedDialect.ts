import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { SqliteFile } from './sqliteFile.ts';

/** Where the queries of a {@link routedDialect} go. */
export interface QueryRoutes {
  /** Answers reads at once, with what is committed. Undefined: reads wait for their turn among the writes. */
  reader: SqliteFile | undefined;
  /** Runs any other query in a transaction of its own. */
  write(query: CompiledQuery): Promise<QueryResult<unknown>>;
}

/** SQLite for queries outside of {@link Store.write}: reads have a connection of their own, and never wait for a write. */
export function routedDialect(routes: QueryRoutes): Dialect {
  return {
    createAdapter: () => new RoutedAdapter(),
    createDriver: () => new RoutedDriver(routes),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class RoutedAdapter extends SqliteAdapter {
  /** Nobody holds a connection for longer than one query. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class RoutedDriver implements Driver {
  readonly #connection: DatabaseConnection;
  readonly #routes: QueryRoutes;

  constructor(routes: QueryRoutes) {
    this.#routes = routes;
    this.#connection = {
      executeQuery: <R>(query: CompiledQuery): Promise<QueryResult<R>> => {
        const { reader } = routes;
        return reader && SelectQueryNode.is(query.query)
          ? Promise.resolve({ rows: reader.prepare(query.sql).all(query.parameters) as R[] })
          : (routes.write(query) as Promise<QueryResult<R>>);
      },
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

  destroy(): Promise<void> {
    this.#routes.reader?.close();
    return Promise.resolve();
  }
}

function unsupported(): never {
  throw new Error('transactions are for Store.write');
}
