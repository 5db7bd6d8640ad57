import { dirname } from 'node:path'
import t from 'tap'
import { circlesIn, importsOf, readSources, type SourceFile } from './support/source-tree.ts'

const ERRORS = 'src/errors.ts'
const PROBLEM_MEMBERS = 'src/problem-members.ts'

/**
 * The rooms of the house, each with the rooms that it may import, from the bottom up. A room is a folder without its
 * subfolders, a file at the top of `src/`, or a list that stands above the rooms it names. `x/*` is all rooms below `x`.
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

/** Where a package, or a name of the process, may appear. */
const ONLY_IN: [RegExp, RegExp][] = [
  [/from '(?:pg|kysely[^']*)'/, /^src\/store\/|^src\/factors\/[^/]+\/queries\.ts$|^db\/|^tools\//],
  [
    /from '(?:fastify|@fastify\/[^']*)'/,
    /^src\/(?:admin-)?app\.ts$|^src\/http\/|^src\/(?:admin-)?routes\/|^src\/start\/shutdown\.ts$/,
  ],
  [/process\.env/, /^src\/server\.ts$|^src\/cli\/|^db\//],
  [/from '@node-rs\/argon2'/, /^src\/passwords\//],
  [/timingSafeEqual/, /^src\/core\/same-text\.ts$/],
  // What decides by the time gets a clock. These run by the machine's own: tools, new keys, and what production reads
  // once.
  [/Date\.now|new Date\(\)/, /^src\/(?:start\/clock|settings\/load|keys\/key-files)\.ts$|^src\/(?:cli|doctor)\//],
]

const matches = (room: string, pattern: string): boolean =>
  pattern.endsWith('/*') ? room.startsWith(pattern.slice(0, -1)) && !room.endsWith('.ts') : room === pattern

const roomOf = (path: string): string => (path in MAY_IMPORT || dirname(path) === 'src' ? path : dirname(path))

const nameOf = (room: string): string | undefined =>
  room in MAY_IMPORT ? room : Object.keys(MAY_IMPORT).find((name) => matches(room, name))

/** Returns what a file imports or names against the rules above. */
const breaches = (files: SourceFile[]): string[] =>
  files.flatMap((file) => {
    const room = roomOf(file.path)
    const name = nameOf(room)
    if (name === undefined) return [`${file.path} stands in no room`]
    const wrong = importsOf(file).filter((target) => {
      const other = roomOf(target)
      return other !== room && !MAY_IMPORT[name]!.some((allowed) => matches(other, allowed))
    })
    const misplaced = ONLY_IN.filter(([pattern, place]) => pattern.test(file.text) && !place.test(file.path))
    const foreign = room.startsWith('src/core')
      ? [...file.text.matchAll(/from '([^.'][^']*)'/g)].filter(([, target]) => target !== 'node:crypto')
      : []
    return [
      ...wrong.map((target) => `${file.path} imports ${target}`),
      ...misplaced.map(([pattern]) => `${file.path} has ${pattern}`),
      ...foreign.map(([, target]) => `${file.path} imports ${target}`),
    ]
  })

/** Returns the circles among files, and among rooms. */
const circles = (files: SourceFile[]): string[][] => {
  const [ofFiles, ofRooms] = [new Map<string, Set<string>>(), new Map<string, Set<string>>()]
  for (const file of files) {
    const [targets, room] = [importsOf(file), roomOf(file.path)]
    ofFiles.set(file.path, new Set(targets))
    ofRooms.set(room, new Set([...(ofRooms.get(room) ?? []), ...targets.map(roomOf)].filter((other) => other !== room)))
  }
  return [...circlesIn(ofFiles), ...circlesIn(ofRooms)]
}

const sources = readSources('src', 'db', 'tools')
const rooms = [...new Set(sources.map(({ path }) => roomOf(path)))]

t.test('each room imports only rooms that lie below it', async (t) => {
  t.strictSame(breaches(sources), [])
})

t.test('every room is there, and is named once', async (t) => {
  for (const name of Object.keys(MAY_IMPORT))
    t.ok(
      rooms.some((room) => matches(room, name)),
      name,
    )
})

t.test('a breach is seen in every room', async (t) => {
  for (const room of rooms) {
    const path = room.endsWith('.ts') ? room : `${room}/planted.ts`
    const up = room
      .split('/')
      .slice(room.endsWith('.ts') ? 1 : 0)
      .map(() => '..')
      .join('/')
    const target = room === 'src/server.ts' ? 'src/cli/run.ts' : 'src/server.ts'
    t.strictSame(breaches([{ path, text: `import '${up}/${target}'` }]), [`${path} imports ${target}`])
  }
})

t.test('a package or name in the wrong place is seen', async (t) => {
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

t.test('nothing imports itself by a detour', async (t) => {
  t.strictSame(circles(sources), [])
})

t.test('a circle is seen among files and among rooms', async (t) => {
  const ofFiles = [
    { path: 'src/core/one.ts', text: "import './other.ts'" },
    { path: 'src/core/other.ts', text: "import './one.ts'" },
  ]
  t.strictSame(circles(ofFiles), [['src/core/one.ts', 'src/core/other.ts']])
  const ofRooms = [
    { path: 'src/core/login/one.ts', text: "import '../session/one.ts'" },
    { path: 'src/core/session/other.ts', text: "import '../login/other.ts'" },
  ]
  t.strictSame(circles(ofRooms), [['src/core/login', 'src/core/session']])
})

t.test('at most six files stand at the top of the source tree', async (t) => {
  t.ok(rooms.filter((room) => dirname(room) === 'src' && room.endsWith('.ts')).length <= 6)
})

/** Migrations that databases have run: they stay as they are. */
const FROZEN = /^db\/migrations\/00(?:0\d|1[0-6])_/

t.test('no source file has more than 200 lines', async (t) => {
  for (const { path, text } of [...sources, ...readSources('testing')]) {
    if (!FROZEN.test(path)) t.ok(text.trimEnd().split('\n').length <= 200, path)
  }
})

t.test('no file is called after what it is not about', async (t) => {
  for (const { path } of sources) t.notMatch(path, /util|helper|common|services/)
})

t.test('no type is read off the function that makes it: an editor jumps to a name', async (t) => {
  for (const { path, text } of sources) t.notMatch(text, /ReturnType<typeof create/, path)
})
