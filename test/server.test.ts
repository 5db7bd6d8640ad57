import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { DEMO_USER } from '../db/seed.ts'
import { createTestDatabase } from './support/postgres.ts'
import { call, runToEnd, startServer, temporaryFolder } from './support/server-process.ts'

const { username, password } = DEMO_USER

t.test('starts without settings, explains how to log in, and keeps its data across a restart', async (t) => {
  const folder = temporaryFolder(t)
  const first = await startServer(t, { DATA_DIR: folder })
  const { address } = first
  while (!first.output().includes('curl -s http')) await new Promise((resolve) => setTimeout(resolve, 10))
  t.match(first.output(), /Log in as "demo" with the password ".*"; the code is sent to this console:/)
  t.match(first.output(), `Demo in the browser  ${address}/demo`)
  t.notMatch(first.output(), /warning/i)
  t.equal(first.output().match(/^\{.*listening.*$/gim)?.length, 1, 'one log line contains the address')
  t.match(await call(`${address}/demo/development.json`), { body: { outbox: true, demo_user: { username } } })
  const login = await call(`${address}/login`, { username, password })
  t.equal(login.status, 200)
  const code = /@127\.0\.0\.1 #(\d{6})/.exec(first.output())?.[1]
  const verified = await call(`${address}/verify`, { pending_token: login.body.pending_token, code })
  t.equal(verified.status, 200)
  t.match(await call(`${address}/dev/outbox`), { body: { messages: [{ to: DEMO_USER.phone }] } })
  t.equal((await call(`${address}/health/ready`)).status, 200)
  t.equal(await first.stop('SIGINT'), 0, 'Ctrl-C stops the server')
  t.notOk(existsSync(join(folder, 'postgres', 'postmaster.pid')), 'its Postgres has stopped')

  const second = await startServer(t, { DATA_DIR: folder })
  const me = await call(`${second.address}/me`, undefined, { authorization: `Bearer ${verified.body.access_token}` })
  t.match(me, { status: 200, body: { username } }, 'the user and the signing key have been kept')
  const keys = JSON.parse(readFileSync(join(folder, 'jwt-keys-eddsa.json'), 'utf8')).keys
  t.equal(
    (await call(`${second.address}/.well-known/jwks.json`)).body.keys[0].kid,
    keys[0].kid,
    'the signing key is the same',
  )
  t.equal(await second.stop('SIGTERM'), 0)
  t.notOk(existsSync(join(folder, 'postgres', 'postmaster.pid')))
})

t.test('explains a failed start in one line, with exit code 1', async (t) => {
  const folder = temporaryFolder(t)
  const DATABASE_URL = await createTestDatabase(t)
  const occupied = createServer().listen(0, '127.0.0.1')
  t.teardown(() => occupied.close())
  await once(occupied, 'listening')
  const { port } = occupied.address() as { port: number }
  writeFileSync(join(folder, 'file'), '')
  writeFileSync(join(folder, 'keys.json'), '{"keys":[]}')
  for (const [name, settings, message] of [
    ['a port in use', { PORT: String(port), DATABASE_URL, DATA_DIR: folder }, new RegExp(`^Port ${port} is in use`)],
    ['a folder that is a file', { DATA_DIR: join(folder, 'file') }, /is not a folder|cannot be read or written/],
    [
      'an empty key file',
      { DATABASE_URL, DATA_DIR: folder, JWT_KEYS_FILE: join(folder, 'keys.json') },
      /contains no key.*doorcode keys new/,
    ],
    [
      'no key file',
      { DATABASE_URL, DATA_DIR: folder, JWT_KEYS_FILE: join(folder, 'none.json') },
      /JWT_KEYS_FILE .*none\.json/,
    ],
  ] as const) {
    const { output, code } = await runToEnd(settings as Record<string, string>)
    t.equal(code, 1, name)
    t.match(output.trim(), message, name)
    t.equal(output.trim().split('\n').length, 1, `${name}: ${output}`)
  }
})

t.test('invents nothing in production, and reports all missing settings at once', async (t) => {
  const { output, code } = await runToEnd({ NODE_ENV: 'production' })
  t.equal(code, 1)
  for (const name of ['DATABASE_URL', 'SECRET', 'JWT_KEYS_FILE', 'ISSUER', 'AUDIENCE', 'SMS_PROVIDERS']) {
    t.match(output, new RegExp(`^  ${name}.*is missing`, 'm'), name)
  }
})
