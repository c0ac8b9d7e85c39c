import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Other processes whose command line, working folder or environment names `path`. */
export function processesNaming(path: string): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    if (pid === process.pid) return false;
    return (
      readProc(pid, 'cmdline').includes(path) ||
      readProc(pid, 'environ').includes(path) ||
      workingFolder(pid).startsWith(path)
    );
  });
}

/** A file of `/proc/PID`; empty when the process has ended. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** kill -9 of a process that may have ended. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
