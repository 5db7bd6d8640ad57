import { availableParallelism } from 'node:os'
import type { EmbeddedPostgres } from '../db/embedded.ts'
import { keepCompiled } from './start/compile-cache.ts'
import { explainFailure, welcome } from './start/messages.ts'
import type { ServiceOptions } from './start/service-options.ts'

// The thread pool gets twice as many threads as parallel hashes. Otherwise DNS lookups wait for hashes, and hashes wait for a
// name server that hangs. libuv reads the variable at the first use of the pool.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * availableParallelism())

// Imported after keepCompiled(), so that the code comes from the compile cache.
keepCompiled()
const [{ startService }, { startShutdown }, { systemClock }] = await Promise.all([
  import('./start/service.ts'),
  import('./start/shutdown.ts'),
  import('./start/clock.ts'),
])

const say = (line: string) => process.stdout.write(`${line}\n`)

let embedded: EmbeddedPostgres | undefined
const stopEmbedded = () => {
  if (embedded?.startedHere) embedded.stop()
  embedded = undefined
}
// Stops the embedded Postgres at an unplanned exit too.
process.once('exit', stopEmbedded)

/** Opens the configured database, or an embedded one with a demo user. */
const openDatabase: ServiceOptions['openDatabase'] = async ({ DATABASE_URL, DATA_DIR }) => {
  if (DATABASE_URL !== undefined) return { url: DATABASE_URL, close: () => {} }
  // Imported only here, because most servers do not need it.
  const { startEmbedded } = await import('../db/embedded.ts')
  const { migrateAt, seedAt } = await import('./start/embedded-database.ts')
  embedded = await startEmbedded({ dataDir: DATA_DIR, say })
  const { url } = embedded
  await migrateAt(url)
  return { url, demoUser: await seedAt(url), close: stopEmbedded }
}

startService({
  env: process.env,
  clock: systemClock,
  say,
  startShutdown: (options) =>
    startShutdown({ ...options, followParent: process.env['npm_lifecycle_event'] !== undefined }),
  openDatabase,
}).then(
  ({ address, demoUser, hasDemo, codesAt, isProduction }) => {
    if (!isProduction) say(welcome(address, { demoUser, hasDemo, codesAt }))
  },
  (error: unknown) => {
    process.stderr.write(`${explainFailure(error)}\n`)
    process.exit(1)
  },
)
