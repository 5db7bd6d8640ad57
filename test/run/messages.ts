/** A message from a lane to the suite: a request for the next file or a Postgres, or a note about a missing service. */
export type ToSuite = { ask: 'file' } | { ask: 'postgres' } | { ask?: never; missing: string; install: string }

/** The suite's reply: a file path, null after the last file, a server URL, or the reason for none. */
export type FromSuite = { file: string | null } | { postgres: string } | { fault: string }
