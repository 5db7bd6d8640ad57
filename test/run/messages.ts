/** What a lane asks of the suite, the next test file or a Postgres, or what it could not test for want of a service. */
export type ToSuite = { ask: 'file' } | { ask: 'postgres' } | { ask?: never; missing: string; install: string }

/** What the suite answers: a file's path or null when all are taken; a server's URL or why there is none. */
export type FromSuite = { file: string | null } | { postgres: string } | { fault: string }
