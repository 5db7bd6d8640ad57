import { availableParallelism } from 'node:os'
import type { EmbeddedPostgres } from '../db/embedded.ts'
import { keepCompiled } from './start/compile-cache.ts'
import { explainFailure, welcome } from './start/messages.ts'
import type { ServiceOptions } from './start/service-options.ts'

// Twice as many threads as hashes at once, or look-ups of names would wait for hashes and hashes for a name server that
// hangs. libuv reads it when its pool first has work.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * availableParallelism())

// Imported afterwards, so that it comes from the cache.
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
// The last resort, for ends that nobody planned: it must not outlive us.
process.once('exit', stopEmbedded)

/** The database that the settings name, or an embedded one with a user to try it with. */
const openDatabase: ServiceOptions['openDatabase'] = async ({ DATABASE_URL, DATA_DIR }) => {
  if (DATABASE_URL !== undefined) return { url: DATABASE_URL, close: () => {} }
  // Loaded only where it is used.
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
