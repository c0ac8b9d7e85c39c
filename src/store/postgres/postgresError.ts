import { AtollError, messageOf, systemCodeOf } from '../../core/errors.ts';

/** Classes of SQLSTATE (PostgreSQL's appendix A) that mean that the database cannot be reached, or is going away. */
const awayClasses = /^(?:08|57P0[123]|53300)/;
/** The login, the database or the rights are not as they should be. */
const refusedClasses = /^(?:28|3D|42501)/;
/** A value that no column takes: text with a zero in it, a number beyond 64 bits. SQLite takes the one, and finds nothing by the other. */
const valueClass = /^22/;
const diskFull = '53100';
const networkCodes = /^E[A-Z_]+$/;
/** What the client says of a connection that has ended. */
const connectionEnds =
  /^(?:Connection terminated|Client has encountered a connection error|timeout expired|timeout exceeded|Query read timeout|Client was closed|Postgres connection has been discarded)/;

/** What went wrong in a database, in a person's words; anything else as it is. @param place where the database is */
export function postgresErrorOf(error: unknown, place: string): unknown {
  const details = { evidence: `${place}: ${messageOf(error)}`, cause: error };
  const code = systemCodeOf(error) ?? '';
  if (code === diskFull)
    return new AtollError('ATOLL_DISK_FULL', 'No space is left on the disk of the database.', details);
  if (valueClass.test(code))
    return new AtollError('ATOLL_BAD_REQUEST', 'A value of the request cannot be stored.', { cause: error });
  if (refusedClasses.test(code))
    return new AtollError('ATOLL_DATABASE_REFUSED', 'The database does not let the hub in.', details);
  if (isConnectionLoss(error)) return new AtollError('ATOLL_DATABASE_AWAY', 'The database cannot be reached.', details);
  return error;
}

/** Whether the connection is gone, or cannot be made for now. */
export function isConnectionLoss(error: unknown): boolean {
  const code = systemCodeOf(error) ?? '';
  return awayClasses.test(code) || networkCodes.test(code) || connectionEnds.test(messageOf(error));
}
