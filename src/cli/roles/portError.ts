import { AtollError, systemCodeOf } from '../../core/errors.ts';
import { hostAndPort } from '../../core/hostAndPort.ts';

/** What a failed `listen` means for a person: `ATOLL_PORT_IN_USE` or `ATOLL_PORT_FORBIDDEN`; other errors as they are. */
export function portError(error: Error, host: string, port: number): Error {
  const where = hostAndPort(host, port);
  switch (systemCodeOf(error)) {
    case 'EADDRINUSE':
      return new AtollError('ATOLL_PORT_IN_USE', `Port ${port} is in use.`, {
        evidence: `Something listens on ${where}.`,
      });
    case 'EACCES':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new AtollError('ATOLL_PORT_FORBIDDEN', `Atoll cannot listen on ${where}.`, {
        evidence: error.message,
        cause: error,
      });
    default:
      return error;
  }
}
