import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { json } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { runHere } from '../cli/tool.ts'
import { createAdminWorld } from '../support/admin.ts'
import { createWorld, PASSWORD } from '../support/app.ts'
import { type Block, blocksOf, PAGES } from '../support/markdown-page.ts'
import { createTestDatabase } from '../support/postgres.ts'

const blocks = PAGES.flatMap(blocksOf)

/**
 * Returns programs without a name, which are parts of a reader's program. Named ones are run by the test of their page.
 */
const unnamed = (language: string) => blocks.filter((block) => block.language === language && block.name === undefined)

const titleOf = ({ page, line }: Block) => `${page}:${line}`

/** Loads a program of a page as a module. */
const load = async (t: Test, page: string, start: RegExp) => {
  const block = unnamed('ts').find(({ page: of, text }) => of === page && start.test(text))
  if (!block) throw new Error(`${page} has no such program`)
  const file = join(t.testdir(), 'program.ts')
  writeFileSync(file, block.text)
  return import(pathToFileURL(file).href)
}

t.test('adds users once to a real admin API with the function that hands them over', async (t) => {
  const { admin, sql } = await createAdminWorld(t)
  const adminUrl = await admin.app.listen({ host: '127.0.0.1', port: 0 })
  const key = await admin.newKey(['users:write'])
  const { handOver } = await load(t, 'docs/from-better-auth.md', /handOver/)
  const user = { username: 'ada@example.com', phone: '+12025550143', password: 'a good long password' }
  t.equal(await handOver(user, { adminUrl, key }), true)
  t.equal(await handOver(user, { adminUrl, key }), true, 'an existing user stays')
  t.equal(await handOver({ ...user, username: 'bob', password: '12345678' }, { adminUrl, key }), false)
  t.equal(await handOver({ username: 'cy', phone: '+12025550144' }, { adminUrl, key }), true)
  t.strictSame(await sql('select username, password_hash is not null as "hasPassword" from users order by username'), [
    { username: 'ada@example.com', hasPassword: true },
    { username: 'cy', hasPassword: false },
  ])
})

const hasPython = spawnSync('python3', ['-c', '']).status === 0
const python = blocks.filter(({ language }) => language === 'python')

// Without Python the programs cannot be checked; CI has Python.
if (hasPython) {
  t.test('compiles every Python program', async (t) => {
    for (const block of python) {
      const check = ['-c', 'import ast, sys; ast.parse(sys.stdin.read())']
      const { status, stderr } = spawnSync('python3', check, { input: block.text, encoding: 'utf8' })
      t.equal(status, 0, `${titleOf(block)} ${stderr}`)
    }
  })

  t.test('logs in at a real server with the module of the Flask guide, and reports problems', async (t) => {
    const world = await createWorld(t)
    await world.addUser('alice')
    const DOORCODE_URL = await world.app.listen({ host: '127.0.0.1', port: 0 })
    const module = python.find(({ name }) => name === 'doorcode.py')!
    const folder = t.testdir({ 'doorcode.py': module.text })
    /** Runs Python as a child process, because the server runs in this one. */
    const run = async (program: string): Promise<unknown> => {
      const child = spawn('python3', ['-c', `import doorcode, json\n${program}`], {
        cwd: folder,
        env: { ...process.env, DOORCODE_URL, PYTHONDONTWRITEBYTECODE: '1' },
      })
      return json(child.stdout)
    }
    const wrong = await run(`print(json.dumps(doorcode.log_in("alice", "wrong")))`)
    t.match(wrong, [401, { code: 'invalid_credentials', title: /./ }])
    const login = (await run(`print(json.dumps(doorcode.log_in("alice", ${JSON.stringify(PASSWORD)})))`)) as [
      number,
      { pending_token: string },
    ]
    t.match(login, [200, { pending_token: /./ }])
    const call = (code: string) =>
      run(`print(json.dumps(doorcode.verify(${JSON.stringify(login[1].pending_token)}, "${code}")))`)
    t.match(await call('000000'), [401, { code: 'invalid_code' }])
    t.match(await call(world.lastCode()), [200, { access_token: /./ }])
  })
}

/** Returns whether all brackets match; strings and comments are skipped. */
const isBalanced = (text: string): boolean => {
  const bare = text.replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\/.*|\/\*[\s\S]*?\*\//g, '')
  const closes: Record<string, string> = { ')': '(', ']': '[', '}': '{' }
  const open: string[] = []
  for (const character of bare) {
    if ('([{'.includes(character)) open.push(character)
    if (character in closes && open.pop() !== closes[character]) return false
  }
  return open.length === 0
}

/** Names of the Apple and Google APIs, which must be spelled exactly. */
const NAMES: Record<string, string[]> = {
  swift: [
    '.textContentType(.oneTimeCode)',
    '.keyboardType(.numberPad)',
    'URLSession.shared.data(for:',
    '.convertFromSnakeCase',
  ],
  kotlin: [
    'SmsRetriever.getClient',
    'startSmsRetriever()',
    'SMS_RETRIEVED_ACTION',
    'EXTRA_SMS_MESSAGE',
    'setAutofillHints("smsOTPCode")',
  ],
}

t.test('checks the brackets and API names of Swift and Kotlin, which are not compiled', async (t) => {
  for (const [language, names] of Object.entries(NAMES)) {
    const programs = blocks.filter((block) => block.language === language)
    t.ok(programs.length > 1)
    for (const block of programs) t.ok(isBalanced(block.text), titleOf(block))
    const all = programs.map(({ text }) => text).join('\n')
    for (const name of names) t.ok(all.includes(name), name)
  }
  for (const wrong of ['func f() {', 'f(]', 'f())']) t.notOk(isBalanced(wrong), wrong)
})

t.test('prints from the import what the Flask guide shows', async (t) => {
  const file = join(t.testdir(), 'example.db')
  const sqlite = new DatabaseSync(file)
  // The schema and row of the tutorial.
  sqlite.exec(`create table users (id INTEGER PRIMARY KEY AUTOINCREMENT, username text not null, password text not null,
    phone text not null); insert into users (username, password, phone) values ('testuser', 'ABC123', '18009998877')`)
  sqlite.close()
  const env = { DATABASE_URL: await createTestDatabase(t) }
  const { stdout, code } = await runHere(['import', 'flask', file], { env })
  t.equal(code, 0)
  const shown = blocksOf('docs/from-flask.md').find(({ language }) => language === 'text')
  t.equal(stdout, shown?.text)
  t.match(readFileSync('docs/from-flask.md', 'utf8'), 'weak password')
})
