import { pino } from 'pino';

/** Structured log of one role. Messages are constant texts; what varies goes into the fields. */
export type Logger = pino.Logger;

/** Fields that never reach the log, wherever they stand. */
const secretPaths = ['token', 'password', 'cookie', 'authorization', 'apiToken', 'tlsKey', 'secret'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** A log of JSON lines on standard error. `level` defaults to ATOLL_LOG_LEVEL or `info`. */
export function createLogger(role: string, level = process.env.ATOLL_LOG_LEVEL ?? 'info'): Logger {
  return pino(
    { level, base: { role }, redact: secretPaths, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A log that keeps nothing, for tests. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
