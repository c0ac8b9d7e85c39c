/** One row of {@link errorTable}. */
export interface ErrorRow {
  /** HTTP status when the error answers a request. */
  status: number;
  /** When it happens, for the documentation. */
  when: string;
  /** What a person can do about it. */
  nextStep: string;
}

function row(status: number, when: string, nextStep: string): ErrorRow {
  return { status, when, nextStep };
}

/** Every error that a person can meet. `docs/errors.md` lists the same; a test compares the two. */
export const errorTable = {
  // The program itself
  ATOLL_INTERNAL: row(500, 'A defect in Atoll.', 'Look at the log of the hub, and report it with the lines around it.'),
  ATOLL_USAGE: row(400, 'The command line cannot be understood.', 'Run the command with --help.'),
  ATOLL_ALREADY_RUNNING: row(
    409,
    'Another Atoll runs on the same data folder.',
    'Stop the other one, or choose another folder with --data.',
  ),
  ATOLL_PORT_IN_USE: row(500, 'The port that Atoll should listen on is taken.', 'Choose another one with --port.'),
  ATOLL_PORT_FORBIDDEN: row(
    500,
    'The operating system does not let Atoll listen on this address or port.',
    'Choose a port above 1023 with --port, and an address of this machine with --host.',
  ),
  ATOLL_HOST_NEEDS_AUTHENTICATOR: row(
    400,
    'Atoll should listen beyond this machine, but no authenticator is configured.',
    'Configure jupyterhub.hub.config.JupyterHub.authenticator_class in a settings file, or leave out --host.',
  ),
  ATOLL_DATA_NOT_WRITABLE: row(
    500,
    'The data folder cannot be written.',
    'Give this user write permission there, or choose another folder with --data.',
  ),
  ATOLL_DATA_NEWER: row(
    500,
    'The data folder was written by a newer version of Atoll.',
    'Run that version or a newer one, or choose another folder with --data.',
  ),
  ATOLL_DATA_DAMAGED: row(
    500,
    'A file of the data folder is damaged.',
    'Bring the data folder back from a copy, or choose another one with --data.',
  ),
  ATOLL_DISK_FULL: row(507, 'No space is left on the disk.', 'Free some space and try again; nothing was half-made.'),
  ATOLL_START_FAILED: row(500, 'The hub or the edge ended while starting.', 'Read the lines printed above.'),

  // Requests
  ATOLL_BAD_REQUEST: row(400, 'The request cannot be understood.', 'Correct the request as the message says.'),
  ATOLL_NOT_FOUND: row(404, 'There is no such page, user, server or cluster.', 'Check the address.'),
} as const satisfies Record<string, ErrorRow>;

/** A code of {@link errorTable}. */
export type ErrorCode = keyof typeof errorTable;
