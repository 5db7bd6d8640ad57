import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { DEMO_USER } from '../../db/seed.ts'
import { hashPassword } from '../../src/passwords/argon2id.ts'
import { createWorld, ISSUER, type World } from '../support/app.ts'

const run = promisify(execFile)

/** The commands that run a sample, with the tools that they need, by language. */
const RUNNERS: Record<string, { tools: [string, string[]][]; command: (source: string) => [string, string[]] }> = {
  curl: {
    tools: [
      ['curl', ['--version']],
      ['uuidgen', []],
    ],
    command: (source) => ['sh', ['-c', source.replace('curl ', 'curl -sS --fail-with-body ')]],
  },
  JavaScript: {
    tools: [],
    command: (source) => [
      process.execPath,
      ['--input-type=module', '-e', source.replace('console.log(answer)', 'console.log(JSON.stringify(answer))')],
    ],
  },
  Python: {
    tools: [['python3', ['--version']]],
    command: (source) => ['python3', ['-c', source.replace('json.load(response)', 'json.dumps(json.load(response))')]],
  },
}

const LANGUAGES = ['curl', 'JavaScript', 'Swift', 'Kotlin', 'Python']

interface Operation {
  operationId: string
  tags: string[]
  requestBody?: { content: Record<string, { example: Record<string, unknown> }> }
  'x-codeSamples': { lang: string; label: string; source: string }[]
}

const operationsOf = async ({ app }: World): Promise<Operation[]> =>
  Object.values<Record<string, Operation>>((await app.inject('/openapi.json')).json().paths).flatMap(Object.values)

t.test('shows each operation in five languages', async (t) => {
  for (const operation of await operationsOf(await createWorld(t))) {
    t.strictSame(
      operation['x-codeSamples'].map(({ label }) => label),
      LANGUAGES,
      operation.operationId,
    )
    for (const { source } of operation['x-codeSamples']) t.notMatch(source, /undefined|\[object|NaN/)
  }
})

t.test('uses the demo user in the sample for /login', async (t) => {
  const operations = await operationsOf(await createWorld(t))
  const { username, password } = DEMO_USER
  const { requestBody } = operations.find(({ operationId }) => operationId === 'login')!
  t.strictSame(requestBody?.content['application/json']?.example, { username, password })
})

for (const [language, { tools, command }] of Object.entries(RUNNERS)) {
  t.test(`logs in, refreshes, reads the user and logs out with the samples in ${language}`, async (t) => {
    const missing = tools.find(([tool, args]) => spawnSync(tool, args).status !== 0)
    if (missing) {
      t.pass(`${missing[0]} is not installed: the samples did not run`)
      return
    }
    const world = await createWorld(t, { resendCooldown: 0 })
    const { username, password, phone } = DEMO_USER
    await world.users.add({ username, passwordHash: await hashPassword(password), factor: 'sms', phone })
    world.keepSecret(password)
    const address = await world.app.listen({ host: '127.0.0.1', port: 0 })
    const operations = await operationsOf(world)

    /** Runs the sample of an operation with the given values in place of its examples; resolves to its output. */
    const call = async (operationId: string, values: Record<string, string> = {}) => {
      const { 'x-codeSamples': samples, requestBody } = operations.find((one) => one.operationId === operationId)!
      const example = requestBody?.content['application/json']?.example ?? {}
      let { source } = samples.find(({ label }) => label === language)!
      source = source.replaceAll(ISSUER, address)
      for (const [name, value] of Object.entries(values)) source = source.replace(String(example[name] ?? name), value)
      const { stdout } = await run(...command(source), { timeout: 60_000 })
      return stdout.startsWith('{') ? JSON.parse(stdout) : stdout
    }

    const { pending_token } = await call('login')
    t.equal((await call('resend', { pending_token })).delivery.status, 'sent')
    t.equal((await call('getChallenge', { PENDING_TOKEN: pending_token })).state, 'waiting')
    const granted = await call('verify', { pending_token, code: world.lastCode() })
    const { access_token, refresh_token } = await call('refresh', { refresh_token: granted.refresh_token })
    t.equal((await call('getMe', { ACCESS_TOKEN: access_token })).username, username)
    await call('logout', { refresh_token })
    t.equal((await world.get('/me', access_token)).status, 401)
    await t.rejects(
      call('getMe', { ACCESS_TOKEN: access_token }),
      /invalid_token/,
      'a problem ends the sample with its code',
    )
  })
}
