import type { Readable } from 'node:stream';
import type { Logger } from '../observability/logger.ts';

/** Characters of a line that are logged. */
const longestLine = 2000;
/** Lines a minute that are logged; the rest of the minute is told as a number. */
const mostLines = 300;
/** Bytes a second that are read at all; whoever prints more waits. */
const bytesPerSecond = 2 ** 20;

/** Writes what a Python process prints into the log, a line each: bounded, so that garbage costs neither disk nor the hub's time. */
export function logOutput(stream: Readable, log: Logger): void {
  let count = 0;
  let read = 0;
  const everyMinute = setInterval(() => {
    if (count > mostLines)
      log.warn({ lines: count - mostLines }, 'more lines of the Python of the settings, not logged');
    count = 0;
  }, 60_000);
  const everySecond = setInterval(() => {
    read = 0;
    stream.resume();
  }, 1000);
  for (const timer of [everyMinute, everySecond]) timer.unref();
  let partial = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    read += text.length;
    if (read > bytesPerSecond) stream.pause();
    const lines = (partial + text).split('\n');
    // What has no end is no line.
    partial = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) tell(line);
  });
  stream.on('error', () => undefined);
  stream.once('close', () => {
    if (partial !== '') tell(partial);
    clearInterval(everyMinute);
    clearInterval(everySecond);
  });

  function tell(line: string): void {
    count += 1;
    if (count <= mostLines && line.trim() !== '')
      log.info({ line: line.slice(0, longestLine) }, 'Python of the settings');
  }
}
