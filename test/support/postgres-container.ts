import { PostgreSqlContainer } from '@testcontainers/postgresql'

/** Server settings for tests: nothing in them needs to survive a power cut. */
export const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' }

/**
 * The container of the suite. It outlives the process that starts it, and whoever describes it in the same words again
 * is given the one that runs: so it is started before the suite and stopped after it.
 */
export const suiteContainer = (): PostgreSqlContainer =>
  new PostgreSqlContainer('postgres:18')
    .withReuse()
    .withCommand(['postgres', ...Object.entries(FAST).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
