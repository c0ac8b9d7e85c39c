import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory (VmRSS) of a process, in bytes; 0 when it has ended. */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Seconds of CPU (user and system) that a process has used. */
export function cpuSeconds(pid: number): number {
  const fields = readProc(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

/** The process and all that descend from it. */
export function withDescendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(
        readProc(Number(name), 'stat')
          .replace(/^.*\) /s, '')
          .split(' ')[1],
      ),
    }));
  const found = [pid];
  for (const one of found)
    found.push(...parents.filter((process) => process.parent === one).map((process) => process.pid));
  return found;
}

/** The words of a process's command line. */
export function commandLine(pid: number): string[] {
  return readProc(pid, 'cmdline').split('\0').filter(Boolean);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}
