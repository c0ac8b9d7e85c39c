import type { ErrorCode } from '../core/errorTable.ts';

/** A cause that a server's own last lines give away. */
interface KnownCause {
  pattern: RegExp;
  code: ErrorCode;
  /** The sentence; `$1` stands for what the pattern caught. */
  message: string;
}

/** In the order in which they are tried: the first that any line matches, newest line first, is told. */
export const knownCauses: readonly KnownCause[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: 'ATOLL_SERVER_DISK_FULL',
    message: 'The disk on which your files are is full.',
  },
  {
    pattern: /\bMemoryError\b|Cannot allocate memory/,
    code: 'ATOLL_SERVER_OUT_OF_MEMORY',
    message: 'Your server ran out of memory.',
  },
  {
    pattern: /No module named '?([\w.]{1,100})/,
    code: 'ATOLL_SERVER_MODULE_MISSING',
    message: 'The Python environment of your server lacks the module $1.',
  },
  {
    pattern: /Running as root is not recommended/,
    code: 'ATOLL_SERVER_EXITED',
    message: 'Jupyter refused to run as the superuser.',
  },
  {
    pattern: /Failed to connect to my Hub at/,
    code: 'ATOLL_SERVER_CANNOT_REACH_HUB',
    message: 'Your server could not reach the hub.',
  },
  {
    pattern: /(?:Address already in use|port \d{1,5} is already in use)/i,
    code: 'ATOLL_SERVER_PORT_TAKEN',
    message: 'Another program took the port that your server was to listen on.',
  },
  {
    pattern: /(?:Permission denied|Read-only file system): '([^']{1,300})'/,
    code: 'ATOLL_SERVER_NOT_PERMITTED',
    message: 'Your server may not write $1.',
  },
];
