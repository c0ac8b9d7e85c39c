import type { ClientConfig } from 'pg';
import { AtollError } from '../../core/errors.ts';

/** Where a PostgreSQL database is, as the settings say it. */
export interface PostgresAddress {
  /** `postgresql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=…]`, also as SQLAlchemy writes it (`postgresql+psycopg2://…`). */
  url: string;
  /** Default: that of the URL, or of the environment variable PGPASSWORD. */
  password?: string;
}

/** What libpq takes when the URL names no port. */
export const defaultPostgresPort = 5432;
const connectMs = 10_000;
/** After so long without traffic it is looked whether the database's machine is still there. */
const keepAliveProbeMs = 10_000;
const schemes = /^postgres(?:ql)?(?:\+\w+)?:\/\//;

/**
 * What the client needs to connect. `sslmode` means what libpq's documentation says, since that is what people's URLs were
 * written for.
 * @throws AtollError `ATOLL_DATABASE_REFUSED` when it is no address of a PostgreSQL database.
 */
export function clientConfigOf({ url, password }: PostgresAddress): ClientConfig {
  const parsed = parse(url);
  if (!parsed.searchParams.has('uselibpqcompat')) parsed.searchParams.set('uselibpqcompat', 'true');
  if (password !== undefined) parsed.password = encodeURIComponent(password);
  return {
    connectionString: parsed.href,
    application_name: 'atoll',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveProbeMs,
  };
}

/** Where the database is, for people: `HOST:PORT/DATABASE`. No password. */
export function placeOf({ url }: PostgresAddress): string {
  const { hostname, port, pathname, searchParams } = parse(url);
  return `${searchParams.get('host') ?? hostname}:${port || defaultPostgresPort}${pathname}`;
}

/** The port of the database. */
export function portOf({ url }: PostgresAddress): number {
  return Number(parse(url).port || defaultPostgresPort);
}

function parse(url: string): URL {
  // Without a host the place is in `?host=`, which a URL of this kind may leave out.
  const plain = url.trim().replace(schemes, 'postgresql://');
  if (schemes.test(url.trim()) && URL.canParse(plain)) return new URL(plain);
  throw new AtollError('ATOLL_DATABASE_REFUSED', 'The address of the database cannot be read.', {
    nextStep: 'Write jupyterhub.hub.db.url as postgresql://USER@HOST:5432/DATABASE.',
  });
}
