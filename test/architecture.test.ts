import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import t from 'tap'

/** What each floor may import of the project itself, besides its own files. */
const MAY_IMPORT: Record<string, string[]> = {
  'src/errors.ts': [],
  'src/routes/problems/texts.ts': ['src/errors.ts'],
  'src/core': ['src/errors.ts'],
  'src/store': ['src/core', 'src/errors.ts', 'db/connection.ts'],
  'src/providers': ['src/core', 'src/errors.ts', 'src/factors/sms/phone-number.ts'],
  'src/factors': ['src/core', 'src/errors.ts'],
  'src/passwords': ['src/core', 'src/errors.ts'],
  'src/keys': ['src/settings/text-file.ts'],
  'src/start/keys.ts': ['src/keys', 'src/settings/schema.ts', 'src/settings/text-file.ts'],
  'src/checks': ['src/core', 'src/errors.ts', 'src/providers'],
  'src/intelligence': ['src/core', 'src/errors.ts', 'src/providers'],
  'src/events': ['src/core', 'src/errors.ts', 'src/http-client/client.ts'],
  'src/guard': ['src/core', 'src/errors.ts'],
  'src/http': ['src/core', 'src/errors.ts', 'src/keys'],
  'src/routes': ['src/http', 'src/core', 'src/errors.ts', 'src/routes/problems/texts.ts', 'src/keys'],
  'src/admin-routes': ['src/routes', 'src/http', 'src/core', 'src/errors.ts'],
  'src/settings/types.ts': [],
  'src/settings/sms.ts': ['src/settings/types.ts'],
  'src/settings/session.ts': ['src/settings/types.ts'],
  'src/settings/admin.ts': [],
  'src/settings/retention.ts': [],
  'src/settings/network.ts': ['src/settings/types.ts'],
  'src/settings/schema.ts': [
    'src/settings/types.ts',
    'src/settings/sms.ts',
    'src/settings/admin.ts',
    'src/settings/session.ts',
    'src/settings/retention.ts',
    'src/settings/network.ts',
  ],
  'src/settings/faults.ts': ['src/settings/schema.ts'],
  'src/settings/typos.ts': [],
  'src/settings/cors-origins.ts': [],
  'src/settings/text-file.ts': [],
  'src/settings/reader.ts': ['src/settings/schema.ts', 'src/settings/faults.ts', 'src/settings/text-file.ts'],
  'src/settings/read.ts': ['src/settings/reader.ts', 'src/settings/schema.ts'],
  'src/start/cache-folder.ts': [],
  'src/start/compile-cache.ts': ['src/start/cache-folder.ts'],
  'src/settings/load.ts': [
    'src/settings/reader.ts',
    'src/settings/typos.ts',
    'src/settings/cors-origins.ts',
    'src/settings/schema.ts',
    'src/providers',
    'src/checks',
    'src/intelligence',
    'src/guard',
  ],
  'src/start/logger.ts': [],
  'src/start/shutdown.ts': [],
  'src/start/readiness.ts': ['src/errors.ts', 'src/routes', 'src/start/shutdown.ts', 'src/store', 'db/migrate.ts'],
  'src/start/messages.ts': [],
  'src/start/clock.ts': [],
  'src/start/database.ts': ['src/store', 'db/migrate.ts', 'db/seed.ts'],
  'src/start/service-options.ts': [
    'src/start/clock.ts',
    'src/settings/schema.ts',
    'src/core',
    'src/providers',
    'src/start/shutdown.ts',
    'src/store',
  ],
  'src/start/demo-files.ts': [],
  'src/start/development.ts': [
    'src/app.ts',
    'src/settings/schema.ts',
    'src/settings/load.ts',
    'src/providers',
    'src/start/demo-files.ts',
  ],
  'src/app.ts': ['src/http', 'src/routes', 'src/core', 'src/errors.ts'],
  'src/admin-app.ts': ['src/http', 'src/routes', 'src/admin-routes', 'src/core', 'src/errors.ts'],
  'db/migrations': [],
  'db/migrate.ts': ['db/migrations'],
  'db/connection.ts': [],
  'db/embedded.ts': ['db/connection.ts', 'db/embedded-places.ts', 'db/embedded-process.ts'],
  'db/embedded-process.ts': ['db/embedded-places.ts'],
  'db/embedded-places.ts': [],
  'db/seed.ts': ['src/passwords', 'src/core'],
}

/** Where a package, or a name of the process, may appear. */
const ONLY_IN: [RegExp, RegExp][] = [
  [/from '(?:pg|kysely[^']*)'/, /^src\/store\/|^src\/factors\/[^/]+\/queries\.ts$|^db\//],
  [
    /from '(?:fastify|@fastify\/[^']*)'/,
    /^src\/(?:admin-)?app\.ts$|^src\/http\/|^src\/(?:admin-)?routes\/|^src\/shutdown\.ts$/,
  ],
  [/process\.env/, /^src\/server\.ts$|^src\/cli\/|^db\//],
  [/from '@node-rs\/argon2'/, /^src\/passwords\//],
  // What decides by the time is given a clock. Those by whose own clock the world goes: tools, companies, new keys, and what
  // production alone reads once.
  [
    /Date\.now|new Date\(\)/,
    /^src\/(?:clock|load-config|keys\/key-files|providers\/vonage-token)\.ts$|^src\/(?:cli|doctor)\//,
  ],
]

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesBelow(path) : path.endsWith('.ts') ? [path] : []
  })

const read = (files: string[]) => files.map((path) => ({ path, text: readFileSync(path, 'utf8') }))

const importsOf = ({ path, text }: { path: string; text: string }): string[] =>
  [...text.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, target]) =>
    normalize(join(dirname(path), target!))
      .split(sep)
      .join('/'),
  )

const floorOf = (path: string) =>
  Object.keys(MAY_IMPORT).find((floor) => path === floor || path.startsWith(`${floor}/`))

/** What stands where it must not. */
const breaches = (files: { path: string; text: string }[]): string[] =>
  files.flatMap((file) => {
    const floor = floorOf(file.path)
    const allowed = floor ? [floor, ...MAY_IMPORT[floor]!] : undefined
    const upwards = importsOf(file).filter(
      (target) =>
        target === 'src/server.ts' ||
        (target === 'src/start/service.ts' && file.path !== 'src/server.ts') ||
        (allowed && !allowed.some((floor) => target === floor || target.startsWith(`${floor}/`))),
    )
    const misplaced = ONLY_IN.filter(([name, place]) => name.test(file.text) && !place.test(file.path))
    const foreign =
      floor === 'src/core'
        ? [...file.text.matchAll(/from '([^.'][^']*)'/g)].filter(([, name]) => name !== 'node:crypto')
        : []
    return [
      ...upwards.map((target) => `${file.path} imports ${target}`),
      ...misplaced.map(([name]) => `${file.path} has ${name}`),
      ...foreign.map(([, name]) => `${file.path} imports ${name}`),
    ]
  })

const sources = read([...filesBelow('src'), ...filesBelow('db')])

t.test('each floor imports only what lies below it', async (t) => {
  t.strictSame(breaches(sources), [])
})

t.test('a breach is seen', async (t) => {
  for (const [path, text] of [
    ['src/core/x.ts', "import { buildApp } from '../app.ts'"],
    ['src/core/x.ts', "import { Kysely } from 'kysely'"],
    ['src/core/x.ts', "import { readFileSync } from 'node:fs'"],
    ['src/routes/x.ts', "import { createDatabase } from '../store/database.ts'"],
    ['src/routes/x.ts', "import pg from 'pg'"],
    ['src/providers/x.ts', 'const key = process.env.KEY'],
    ['src/app.ts', "import './server.ts'"],
    ['src/start/admin.ts', "import { startService } from './service.ts'"],
    ['src/core/x.ts', 'const since = Date.now()'],
  ] as const) {
    t.ok(breaches([{ path, text }]).length > 0, `${path}: ${text}`)
  }
})

t.test('no source file is two things', async (t) => {
  for (const { path, text } of sources) t.ok(text.split('\n').length <= 260, path)
})

t.test('no file is called after what it is not about', async (t) => {
  for (const { path } of sources) t.notMatch(path, /util|helper|common|services/)
})
