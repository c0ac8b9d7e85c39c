import { pino } from 'pino';
import { plainLine } from './plainLine.ts';

/** Structured log of one role. Messages are constant texts; what varies goes into the fields. */
export type Logger = pino.Logger;

/** Fields that never reach the log, wherever they stand. */
const secretPaths = ['token', 'password', 'cookie', 'authorization', 'apiToken', 'tlsKey', 'secret'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/**
 * A log on standard error: JSON lines for programs that collect logs, plain lines when it is a terminal. `level` defaults to
 * ATOLL_LOG_LEVEL or `info`.
 */
export function createLogger(role: string, level = process.env.ATOLL_LOG_LEVEL ?? 'info'): Logger {
  const standardError = pino.destination({ dest: 2, sync: true });
  const destination = process.stderr.isTTY
    ? { write: (line: string) => standardError.write(`${plainLine(line)}\n`) }
    : standardError;
  return pino({ level, base: { role }, redact: secretPaths, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** A log that keeps nothing, for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
