import t from 'tap'
import { DEMO_USER } from '../db/seed.ts'
import { createTestDatabase } from './support/postgres.ts'
import { call, startServer, temporaryFolder } from './support/server-process.ts'

const { username, password } = DEMO_USER

t.test('serves messages to tests of other projects from the development outbox', async (t) => {
  const DATABASE_URL = await createTestDatabase(t)
  const folder = temporaryFolder(t)
  const settings = { DATA_DIR: folder, DATABASE_URL, SMS_PROVIDERS: 'outbox', RATE_LIMIT: 'false' }
  const server = await startServer(t, { ...settings, DEV_OUTBOX: 'true' })
  const { seedDemoUser } = await import('../db/seed.ts')
  const { createDatabase } = await import('../src/store/database.ts')
  const { createUserAdmin } = await import('../src/store/users/admin.ts')
  const database = createDatabase({ url: DATABASE_URL, poolSize: 1, onIdleError: () => {} })
  t.equal(await seedDemoUser(createUserAdmin(database), 'sms'), true)
  await database.close()

  const login = await call(`${server.address}/login`, { username, password })
  const { body } = await call(`${server.address}/dev/outbox?to=${encodeURIComponent(DEMO_USER.phone)}`)
  t.match(body, { messages: [{ to: DEMO_USER.phone, body: /^\d{6} is your Doorcode code/, sent_at: /T/ }] })
  const code = /#(\d+)$/.exec(body.messages[0].body)?.[1]
  t.equal((await call(`${server.address}/verify`, { pending_token: login.body.pending_token, code })).status, 200)

  const closed = await startServer(t, settings)
  t.equal(
    (await call(`${closed.address}/dev/outbox?to=%2B12025550143`)).status,
    404,
    'the outbox is served only with DEV_OUTBOX',
  )
})

t.test('names the outbox address in the start message', async (t) => {
  const folder = temporaryFolder(t)
  const server = await startServer(t, { DATA_DIR: folder, SMS_PROVIDERS: 'outbox', DEV_OUTBOX: 'true' })
  while (!server.output().includes('curl -s http')) await new Promise((resolve) => setTimeout(resolve, 10))
  t.match(server.output(), `; the code is sent to ${server.address}/dev/outbox:`)
})
