import { dirname } from 'node:path'
import t from 'tap'
import { cyclesIn, importsOf, readSources, type SourceFile } from './support/source-tree.ts'

const ERRORS = 'src/errors.ts'
const PROBLEM_MEMBERS = 'src/problem-members.ts'

/**
 * The layers of the source, from the bottom up, each with the layers it may import. A layer is a folder without its
 * subfolders, a file at the top of `src/`, or a list file above the folders it names. `x/*` means all layers below `x`.
 */
const MAY_IMPORT: Record<string, string[]> = {
  [PROBLEM_MEMBERS]: [],
  [ERRORS]: [PROBLEM_MEMBERS],
  'src/core': [ERRORS],
  'src/core/guard': ['src/core'],
  'src/core/audit': ['src/core'],
  'src/core/delivery': ['src/core', 'src/core/audit', ERRORS],
  'src/core/session': ['src/core', 'src/core/audit', ERRORS],
  'src/core/challenge': [
    'src/core',
    'src/core/audit',
    'src/core/delivery',
    'src/core/guard',
    'src/core/session',
    ERRORS,
  ],
  'src/core/login': ['src/core', 'src/core/audit', 'src/core/challenge', 'src/core/session', ERRORS],
  'src/core/account': [
    'src/core',
    'src/core/audit',
    'src/core/challenge',
    'src/core/delivery',
    'src/core/login',
    'src/core/session',
    ERRORS,
  ],

  'src/http-client': ['src/core/delivery'],
  'src/delivery': ['src/core/delivery'],
  'src/factors/sms': ['src/core', 'src/core/challenge', 'src/core/delivery', ERRORS],
  'src/factors': ['src/core/challenge', 'src/factors/*'],
  'src/providers': ['src/core', 'src/core/delivery', 'src/http-client'],
  'src/providers/*': ['src/core', 'src/core/delivery', 'src/http-client', 'src/providers', 'src/factors/sms'],
  'src/providers/index.ts': ['src/providers', 'src/providers/*'],
  'src/guard': ['src/core/guard'],
  'src/guard/*': ['src/core', 'src/core/guard', 'src/http-client'],
  'src/passwords': ['src/core', 'src/core/account', 'src/core/challenge', 'src/core/login', ERRORS],

  'db/migrations': [],
  'db/functions': [],
  db: ['db/migrations', 'db/functions', 'src/core/account', 'src/passwords'],
  'src/store/tables': [],
  'src/store': ['db', 'src/store/tables', ERRORS],
  'src/store/users': ['src/store', 'src/core', 'src/core/account', 'src/core/login'],
  'src/store/guard': ['src/store', 'src/core/guard'],
  'src/store/housekeeping': ['src/store'],
  'src/store/outbox': ['src/store', 'src/core', 'src/core/account', 'src/core/audit'],
  'src/store/sends': ['src/store', 'src/core', 'src/core/delivery'],
  'src/store/audit': ['src/store', 'src/store/users', 'src/core', 'src/core/account', 'src/core/audit'],
  'src/store/sessions': ['src/store', 'src/store/users', 'src/core', 'src/core/session'],
  'src/store/challenges': [
    'src/store',
    'src/store/outbox',
    'src/store/sends',
    'src/store/sessions',
    'src/store/users',
    'src/core',
    'src/core/challenge',
    'src/core/delivery',
    'src/core/guard',
    'src/core/session',
    ERRORS,
  ],
  'src/store/readiness': ['src/store', 'src/store/*', 'src/core', 'src/core/guard'],

  'src/settings': [
    'src/core',
    'src/core/delivery',
    'src/providers',
    'src/providers/development',
    'src/delivery',
    'src/core/guard',
    'src/guard',
    'src/guard/human-checks',
    'src/guard/number-intelligence',
  ],
  'src/keys': ['src/core', 'src/settings'],

  'src/http': ['src/core', ERRORS, PROBLEM_MEMBERS],
  'src/http/tokens': ['src/core', 'src/core/session', 'src/keys', ERRORS],
  'src/http/openapi': ['src/core', 'src/http'],
  'src/routes/problems': ['src/core', 'src/http', 'src/http/openapi', ERRORS, PROBLEM_MEMBERS],
  'src/routes': ['src/routes/problems', 'src/http', 'src/http/openapi', 'src/keys', 'src/core', 'src/core/*', ERRORS],
  'src/admin-routes': [
    'src/routes',
    'src/routes/problems',
    'src/http',
    'src/http/openapi',
    'src/core',
    'src/core/*',
    ERRORS,
  ],
  'src/app.ts': ['src/routes', 'src/http', 'src/http/*', 'src/core', 'src/core/*', ERRORS],
  'src/admin-app.ts': ['src/admin-routes', 'src/routes', 'src/http', 'src/http/openapi', 'src/core/*', ERRORS],

  'src/start': [
    'src/app.ts',
    'src/admin-app.ts',
    'src/routes',
    'src/http',
    'src/keys',
    'src/settings',
    'src/store',
    'src/store/*',
    'src/providers',
    'src/providers/development',
    'src/providers/index.ts',
    'src/delivery',
    'src/factors',
    'src/factors/*',
    'src/guard',
    'src/guard/*',
    'src/passwords',
    'src/http-client',
    'src/core',
    'src/core/*',
    'db',
    ERRORS,
  ],
  'src/server.ts': ['src/start', 'db'],
  'tools/guard-simulator': ['src/core/delivery', 'src/core/guard', 'src/store', 'src/store/tables'],
  'src/doctor': [
    'src/start',
    'src/store',
    'src/store/*',
    'src/settings',
    'src/keys',
    'src/http',
    'src/http-client',
    'src/providers',
    'src/providers/development',
    'src/providers/index.ts',
    'src/guard',
    'src/core/delivery',
  ],
  'src/cli': [
    'src/doctor',
    'src/start',
    'src/store',
    'src/store/*',
    'src/settings',
    'src/keys',
    'src/providers',
    'src/providers/index.ts',
    'src/factors/sms',
    'src/guard',
    'src/passwords',
    'src/http-client',
    'src/core',
    'src/core/*',
    'tools/guard-simulator',
    'db',
    ERRORS,
  ],
}

/** The only paths in which a package or a global name may appear. */
const ONLY_IN: [RegExp, RegExp][] = [
  [/from '(?:pg|kysely[^']*)'/, /^src\/store\/|^src\/factors\/[^/]+\/queries\.ts$|^db\/|^tools\//],
  [
    /from '(?:fastify|@fastify\/[^']*)'/,
    /^src\/(?:admin-)?app\.ts$|^src\/http\/|^src\/(?:admin-)?routes\/|^src\/start\/shutdown\.ts$/,
  ],
  [/process\.env/, /^src\/server\.ts$|^src\/cli\/|^db\//],
  [/from '@node-rs\/argon2'/, /^src\/passwords\//],
  [/timingSafeEqual/, /^src\/core\/same-text\.ts$/],
  // Code that decides by time takes a clock. The paths here use the system clock: tools, new keys, and files that
  // production reads once.
  [/Date\.now|new Date\(\)/, /^src\/(?:start\/clock|settings\/load|keys\/key-files)\.ts$|^src\/(?:cli|doctor)\//],
]

const matches = (layer: string, pattern: string): boolean =>
  pattern.endsWith('/*') ? layer.startsWith(pattern.slice(0, -1)) && !layer.endsWith('.ts') : layer === pattern

const layerOf = (path: string): string => (path in MAY_IMPORT || dirname(path) === 'src' ? path : dirname(path))

const nameOf = (layer: string): string | undefined =>
  layer in MAY_IMPORT ? layer : Object.keys(MAY_IMPORT).find((name) => matches(layer, name))

/** Returns the imports and names that break the rules above. */
const breaches = (files: SourceFile[]): string[] =>
  files.flatMap((file) => {
    const layer = layerOf(file.path)
    const name = nameOf(layer)
    if (name === undefined) return [`${file.path} belongs to no layer`]
    const wrong = importsOf(file).filter((target) => {
      const other = layerOf(target)
      return other !== layer && !MAY_IMPORT[name]!.some((allowed) => matches(other, allowed))
    })
    const misplaced = ONLY_IN.filter(([pattern, place]) => pattern.test(file.text) && !place.test(file.path))
    const foreign = layer.startsWith('src/core')
      ? [...file.text.matchAll(/from '([^.'][^']*)'/g)].filter(([, target]) => target !== 'node:crypto')
      : []
    return [
      ...wrong.map((target) => `${file.path} imports ${target}`),
      ...misplaced.map(([pattern]) => `${file.path} has ${pattern}`),
      ...foreign.map(([, target]) => `${file.path} imports ${target}`),
    ]
  })

/** Returns the import cycles among files and among layers. */
const cycles = (files: SourceFile[]): string[][] => {
  const [ofFiles, ofLayers] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()]
  for (const file of files) {
    const [targets, layer] = [importsOf(file), layerOf(file.path)]
    ofFiles.set(file.path, new Set(targets))
    ofLayers.set(
      layer,
      new Set([...(ofLayers.get(layer) ?? []), ...targets.map(layerOf)].filter((other) => other !== layer)),
    )
  }
  return [...cyclesIn(ofFiles), ...cyclesIn(ofLayers)]
}

const sources = readSources('src', 'db', 'tools')
const layers = [...new Set(sources.map(({ path }) => layerOf(path)))]

t.test('imports only from lower layers', async (t) => {
  t.strictSame(breaches(sources), [])
})

t.test('names every layer once, and no layer that does not exist', async (t) => {
  for (const name of Object.keys(MAY_IMPORT))
    t.ok(
      layers.some((layer) => matches(layer, name)),
      name,
    )
})

t.test('detects a forbidden import in every layer', async (t) => {
  for (const layer of layers) {
    const path = layer.endsWith('.ts') ? layer : `${layer}/planted.ts`
    const up = layer
      .split('/')
      .slice(layer.endsWith('.ts') ? 1 : 0)
      .map(() => '..')
      .join('/')
    const target = layer === 'src/server.ts' ? 'src/cli/run.ts' : 'src/server.ts'
    t.strictSame(breaches([{ path, text: `import '${up}/${target}'` }]), [`${path} imports ${target}`])
  }
})

t.test('detects a package or name in the wrong place', async (t) => {
  for (const [path, text] of [
    ['src/core/x.ts', "import { Kysely } from 'kysely'"],
    ['src/core/login/x.ts', "import { readFileSync } from 'node:fs'"],
    ['src/routes/x.ts', "import pg from 'pg'"],
    ['src/providers/x.ts', 'const key = process.env.KEY'],
    ['src/core/challenge/x.ts', 'const since = Date.now()'],
    ['src/providers/acme/token.ts', 'const iat = Date.now() / 1_000'],
    ['src/providers/acme/receipts.ts', 'return timingSafeEqual(given, expected)'],
    ['src/nowhere/x.ts', ''],
  ] as const) {
    t.ok(breaches([{ path, text }]).length > 0, `${path}: ${text}`)
  }
})

t.test('has no import cycles', async (t) => {
  t.strictSame(cycles(sources), [])
})

t.test('detects an import cycle between files and between layers', async (t) => {
  const ofFiles = [
    { path: 'src/core/one.ts', text: "import './other.ts'" },
    { path: 'src/core/other.ts', text: "import './one.ts'" },
  ]
  t.strictSame(cycles(ofFiles), [['src/core/one.ts', 'src/core/other.ts']])
  const ofLayers = [
    { path: 'src/core/login/one.ts', text: "import '../session/one.ts'" },
    { path: 'src/core/session/other.ts', text: "import '../login/other.ts'" },
  ]
  t.strictSame(cycles(ofLayers), [['src/core/login', 'src/core/session']])
})

t.test('keeps at most six files at the top of the source tree', async (t) => {
  t.ok(layers.filter((layer) => dirname(layer) === 'src' && layer.endsWith('.ts')).length <= 6)
})

/** Migrations that databases have already run, which must not change. */
const FROZEN = /^db\/migrations\/00(?:0\d|1[0-6])_/

t.test('limits every source file to 200 lines', async (t) => {
  for (const { path, text } of [...sources, ...readSources('testing')]) {
    if (!FROZEN.test(path)) t.ok(text.trimEnd().split('\n').length <= 200, path)
  }
})

t.test('uses no catch-all file names such as "utils" or "helpers"', async (t) => {
  for (const { path } of sources) t.notMatch(path, /util|helper|common|services/)
})

t.test('declares named types instead of `ReturnType<typeof create…>`, so that editors can jump to them', async (t) => {
  for (const { path, text } of sources) t.notMatch(text, /ReturnType<typeof create/, path)
})
