import t from 'tap'
import { DEMO_USER } from '../db/seed.ts'
import { createTestDatabase, query } from './support/postgres.ts'
import { call, startServer, temporaryFolder } from './support/server-process.ts'

const { username, password } = DEMO_USER

t.test('starts before its database, and is ready only after the migrations', async (t) => {
  const folder = temporaryFolder(t)
  const away = await startServer(t, { DATA_DIR: folder, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  t.equal((await call(`${away.address}/health/live`)).status, 200)
  t.match(await call(`${away.address}/health/ready`), { status: 503, body: { missing: ['database', 'migrations'] } })
  t.match(await call(`${away.address}/login`, { username, password }), {
    status: 503,
    body: { code: 'service_unavailable' },
  })
  t.equal(await away.stop(), 0)

  const DATABASE_URL = await createTestDatabase(t)
  await query(DATABASE_URL, 'drop schema public cascade')
  await query(DATABASE_URL, 'create schema public')
  const empty = await startServer(t, { DATA_DIR: folder, DATABASE_URL })
  t.match(await call(`${empty.address}/health/ready`), { status: 503, body: { missing: ['migrations'] } })
})

t.test('finishes requests in flight after a stop signal', async (t) => {
  const DATABASE_URL = await createTestDatabase(t)
  const folder = temporaryFolder(t)
  const server = await startServer(t, { DATA_DIR: folder, DATABASE_URL, SHUTDOWN_DELAY: '1' })
  const inFlight = Array.from({ length: 10 }, () => call(`${server.address}/login`, { username: 'nobody', password }))
  await call(`${server.address}/health/live`)
  const stopped = server.stop()
  while (!server.output().includes('"stopping"')) await new Promise((resolve) => setTimeout(resolve, 10))
  t.match(
    await call(`${server.address}/health/ready`),
    { status: 503, body: { missing: ['running'] } },
    'readiness ends at once',
  )
  for (const { status } of await Promise.all(inFlight)) t.equal(status, 401)
  t.equal(await stopped, 0)
})
