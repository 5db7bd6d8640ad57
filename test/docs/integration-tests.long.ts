import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { programsOf } from '../support/page-examples.ts'
import { suitePostgres } from '../support/postgres.ts'

const PAGE = 'docs/integration-tests.md'
const database = await suitePostgres()
const programs = programsOf(PAGE)

/** Replaces a runner that this project does not install; `examples/` use the runners themselves. */
const STAND_IN = `
import { equal } from 'node:assert/strict'
export { after as afterAll, before as beforeAll, test } from 'node:test'
export const expect = (value) => ({ toHaveLength: (length) => equal(value.length, length) })
`
const GLOBALS = "import * as runner from './vitest.mjs'\nObject.assign(globalThis, runner)\n"

/** Adapts a program to the suite's Postgres and to the stand-in runner. */
const here = (program: string) =>
  program
    .replace('startDoorcode()', 'startDoorcode({ database: process.env.TEST_POSTGRES_URL })')
    .replace("'vitest'", "'./vitest.mjs'")

const named = [...programs].filter(([name]) => !name.includes('/'))
const folder = t.testdir({
  ...Object.fromEntries(named.map(([name, program]) => [name, here(program)])),
  'vitest.mjs': STAND_IN,
  'globals.mjs': GLOBALS,
})

for (const [name] of named) {
  t.test(`runs the program ${name} without failures`, async (t) => {
    const imports = name.startsWith('jest') ? ['--import', './globals.mjs'] : []
    const child = spawn(process.execPath, [...imports, name], {
      cwd: folder,
      env: { ...process.env, TEST_POSTGRES_URL: database },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = Promise.all([text(child.stdout), text(child.stderr)])
    const code = await new Promise((resolve) => child.once('exit', resolve))
    t.equal(code, 0, (await output).join('\n'))
  })
}

t.test('quotes examples exactly', async (t) => {
  const quoted = [...programs].filter(([name]) => name.includes('/'))
  t.equal(quoted.length, 1)
  for (const [name, program] of quoted) t.equal(program, readFileSync(name, 'utf8'), name)
})

t.test('lists the settings of the kit in the table, and tests every program of the page', async (t) => {
  const page = readFileSync(PAGE, 'utf8')
  const [, section = ''] = page.split('## What is different from production')
  const kit = readFileSync('testing/start-doorcode.ts', 'utf8')
  const [, set = ''] = /const FOR_TESTS = \{([^}]*)\}/.exec(kit) ?? []
  const settings = [...set.matchAll(/(\w+): '([^']*)'/g)].filter(([, name]) => name !== 'NODE_ENV')
  t.ok(settings.length > 5)
  for (const [, name, value] of settings)
    for (const word of [name, value]) t.ok(section.includes(`\`${word}\``), `${word}`)
  t.strictSame(
    named.map(([name]) => name),
    [
      'sign-in.test.mjs',
      'tap.test.mjs',
      'vitest.test.mjs',
      'jest.test.cjs',
      'given-postgres.test.mjs',
      'clock.test.mjs',
      'settings.test.mjs',
    ],
  )
})
