/** A line of the log as a person reads it on a terminal: `07:26:21 hub: signed in (user: ada)`, in local time. */
export function plainLine(line: string): string {
  const { time, role, msg, level, err, ...fields } = JSON.parse(line) as LogLine;
  const severity = level >= 50 ? 'error: ' : level >= 40 ? 'warning: ' : '';
  const details = Object.entries(fields)
    // A person reads nothing into a name without a value, such as that of the default server.
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}: ${textOf(value)}`);
  const text = [
    `${new Date(time).toTimeString().slice(0, 8)} ${role}: ${severity}${msg ?? ''}${details.length === 0 ? '' : ` (${details.join(', ')})`}`,
    // Indented, so that no text within looks like a line of its own.
    ...(err ? [`  ${(err.stack ?? err.message ?? '').replaceAll('\n', '\n  ')}`] : []),
  ].join('\n');
  // Names of users and clusters, and what programs printed, may hold what a terminal would obey.
  return text.replace(/[^\P{Cc}\n]/gu, '?');
}

/** What every line has, as pino writes it; everything else are its fields. */
interface LogLine {
  time: string;
  role: string;
  level: number;
  msg?: string;
  err?: { message?: string; stack?: string };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\n', '\\n') : JSON.stringify(value);
}
