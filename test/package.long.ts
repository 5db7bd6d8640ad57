import { execFileSync, execSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { checkPackage, createPackageFromTarballData, type Package } from '@arethetypeswrong/core'
import { publint } from 'publint'
import t from 'tap'
import { suitePostgres } from './support/postgres.ts'

const database = await suitePostgres()

const temporary = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), name))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Copies the packed files and runs the part of `prepack` that adds the command, without the build. */
const prepacked = (): string => {
  const folder = temporary('doorcode-prepacked-')
  const { files, scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const name of ['package.json', 'README.md', 'LICENSE', ...files])
    cpSync(name, join(folder, name), { recursive: true })
  execSync(scripts.prepack.replace(/^.*? && /, ''), { cwd: folder })
  return folder
}

/** Packs a folder that `npm run test:all` has built. */
const pack = (folder: string): { data: Uint8Array<ArrayBuffer>; contents: Package } => {
  const to = mkdtempSync(join(tmpdir(), 'doorcode-pack-'))
  try {
    const [{ filename }] = JSON.parse(
      execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', to], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    const data = new Uint8Array(readFileSync(join(to, filename)))
    return { data, contents: createPackageFromTarballData(data) }
  } finally {
    rmSync(to, { recursive: true })
  }
}

const packed = { doorcode: pack(prepacked()), '@doorcode/client': pack('client') }

for (const [name, { data, contents }] of Object.entries(packed)) {
  t.test(`packs ${name} without faults`, async (t) => {
    const { messages } = await publint({ pack: { tarball: data.buffer }, strict: true })
    t.strictSame(messages, [])
    const result = await checkPackage(contents)
    t.ok(result.types)
    t.strictSame('problems' in result && result.problems, [], 'the types resolve in every resolution mode')
  })
}

t.test('packs only built files and their documentation', async (t) => {
  const files = packed.doorcode.contents.listFiles().map((path) => path.replace('/node_modules/doorcode/', ''))
  t.ok(files.includes('dist/testing/instance.js'))
  t.strictSame(JSON.parse(packed.doorcode.contents.readFile('/node_modules/doorcode/package.json')).bin, {
    doorcode: 'bin/doorcode.js',
  })
  t.ok(files.includes('dist/demo/index.html'))
  const place = /^(?:package\.json|README\.md|LICENSE|(?:bin|dist|client\/dist)\/.+)$/
  t.strictSame(
    files.filter((path) => !place.test(path)),
    [],
  )
  const sources = files.filter((path) => /(?<!\.d)\.ts$/.test(path))
  t.strictSame(
    sources.filter((path) => !/^dist\/(?:demo|client\/src)\//.test(path)),
    [],
    'only the demo pages are served as sources',
  )
})

/** Creates a project with the packages installed. Their dependencies come from our `node_modules`. */
const createProject = (files: Record<string, string>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-project-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const project = join(folder, 'project')
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  for (const { contents } of Object.values(packed)) {
    for (const path of contents.listFiles()) write(join(project, path), contents.readFile(path))
  }
  for (const [path, text] of Object.entries(files)) write(join(project, path), text)
  return project
}

const PROGRAM = `
import { createClient } from 'doorcode/client'
import { defineProvider } from 'doorcode/provider'
import { startDoorcode } from 'doorcode/testing'

const api = await startDoorcode({ database: process.argv[2] as \`postgres://\${string}\`, settings: { DEMO: 'true' } })
const { username, password, phone } = await api.user()
const client = createClient({ url: api.url })
const login = await client.login({ username, password })
if (!login.ok || !('pending_token' in login.data)) throw new Error(JSON.stringify(login))
const { code } = await api.waitForCode(phone)
const verified = await client.verify({ pending_token: login.data.pending_token, code })
if (!verified.ok) throw new Error(verified.problem.code)
const me = await client.me()
const demo = await fetch(\`\${api.url}/demo/\`)
const source = await fetch(\`\${api.url}/demo/client/index.ts\`)
console.log(JSON.stringify({ name: me.ok && me.data.username, demo: [demo.status, source.status], made: typeof defineProvider }))
await api.stop()

export const types = () => {
  // @ts-expect-error: a setting is a string.
  void startDoorcode({ settings: { CODE_LENGTH: 6 } })
  // @ts-expect-error: a duration needs its unit.
  void api.clock.advance(6)
  // @ts-expect-error: the problem code does not exist.
  return !login.ok && login.problem.code === 'no_such_code'
}
`

const COMMON_JS = `
const { startDoorcode } = require('doorcode/testing')
const { createClient } = require('doorcode/client')
const alone = require('@doorcode/client').createClient
const { defineProvider } = require('doorcode/provider')
startDoorcode({ database: process.argv[2] }).then(async (api) => {
  const token = await api.token(await api.user())
  console.log(JSON.stringify({ parts: token.split('.').length, made: [createClient, alone, defineProvider].map((made) => typeof made) }))
  await api.stop()
})
`

/** A CommonJS project in TypeScript, whose compiler may not support `exports`. */
const TYPED_COMMON_JS = `
import { createClient, type Answer } from 'doorcode/client'
import { createClient as alone } from '@doorcode/client'
import { defineProvider } from 'doorcode/provider'
import { startDoorcode, type Doorcode } from 'doorcode/testing'

export const clients = [createClient, alone].map((create) => create({ url: 'https://auth.example.com' }))
export const code = (answer: Answer<'login'>) => !answer.ok && answer.problem.code
export const start = (): Promise<Doorcode> => startDoorcode()
export const define = defineProvider
// @ts-expect-error: a setting is a string.
void startDoorcode({ settings: { CODE_LENGTH: 6 } })
// @ts-expect-error: the member does not exist.
void clients[0]?.login({ user: 'alice' })
`

t.test('works in a project that installs it, with types for its compiler', async (t) => {
  const project = createProject({
    'package.json': '{ "name": "project", "type": "module" }',
    'program.ts': PROGRAM,
    'program.cjs': COMMON_JS,
    'common/package.json': '{ "type": "commonjs" }',
    'common/typed.ts': TYPED_COMMON_JS,
    'common/tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: 'commonjs',
        moduleResolution: 'node10',
        types: ['node'],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      },
      files: ['typed.ts'],
    }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'es2024',
        module: 'nodenext',
        types: ['node'],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      },
      files: ['program.ts'],
    }),
  })
  const node = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
    return { stdout: stdout.trim(), stderr, status }
  }
  const program = node('program.ts', database)
  t.equal(program.status, 0, program.stderr)
  t.strictSame(JSON.parse(program.stdout), { name: 'user-1', demo: [200, 200], made: 'function' })

  // As in Jest, where CommonJS cannot require ES modules.
  const commonJs = node('--no-experimental-require-module', 'program.cjs', database)
  t.equal(commonJs.status, 0, commonJs.stderr)
  t.strictSame(JSON.parse(commonJs.stdout), { parts: 3, made: ['function', 'function', 'function'] })

  const help = node('node_modules/doorcode/bin/doorcode.js', 'help')
  t.match(help, { status: 0, stdout: /^Usage: npx doorcode/ })

  const checked = node(resolve('node_modules/typescript/lib/tsc.js'))
  t.strictSame(checked, { stdout: '', stderr: '', status: 0 })

  // TypeScript 7 dropped the Node 10 resolution; the client is built with the last version that has it.
  const older = createRequire(resolve('client/package.json')).resolve('typescript/lib/tsc.js')
  t.strictSame(node(older, '--project', 'common'), { stdout: '', stderr: '', status: 0 })
})
