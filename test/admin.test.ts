import t from 'tap'
import { hashAdminKey, newAdminKey } from '../src/core/account/admin-key.ts'
import { createDatabase } from '../src/store/database.ts'
import { createAdminKeyStore } from '../src/store/users/admin-keys.ts'
import { createTestDatabase } from './support/postgres.ts'
import { startServer, temporaryFolder } from './support/server-process.ts'

t.test('serves the admin API on ADMIN_PORT, and finishes its requests before it stops', async (t) => {
  const DATABASE_URL = await createTestDatabase(t)
  const key = newAdminKey()
  const database = createDatabase({ url: DATABASE_URL, poolSize: 1, onIdleError: () => {} })
  await createAdminKeyStore(database).add({
    name: 'test',
    scopes: ['users:read', 'users:write'],
    hash: hashAdminKey(key),
    days: 1,
  })
  await database.close()

  const server = await startServer(t, {
    DATABASE_URL,
    DATA_DIR: temporaryFolder(t),
    ADMIN_PORT: '0',
    RATE_LIMIT: 'false',
    SHUTDOWN_DELAY: '1',
  })
  const admin = /admin API on (http:\/\/127\.0\.0\.1:\d+)/.exec(server.output())?.[1]
  t.ok(admin)
  t.not(admin, server.address)
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const create = (username: string) =>
    fetch(`${admin}/admin/users`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ username, password: 'long enough', phone: '+12025550143' }),
    })
  t.equal((await create('alice')).status, 201)
  t.equal(
    (await fetch(`${server.address}/admin/users`, { headers })).status,
    404,
    'the public port has no admin routes',
  )
  const login = (address: string) =>
    fetch(`${address}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'alice', password: 'long enough' }),
    })
  t.equal((await login(admin!)).status, 404)
  t.equal((await login(server.address)).status, 200)
  t.notOk(server.output().includes(key.slice(4)), 'no log line contains the key')

  const inFlight = Array.from({ length: 8 }, (_, nth) => create(`user ${nth}`))
  await fetch(`${admin}/openapi.json`)
  const stopped = server.stop()
  t.strictSame(
    (await Promise.all(inFlight)).map(({ status }) => status),
    Array(8).fill(201),
    'requests sent before the signal are answered',
  )
  t.equal(await stopped, 0)
  await t.rejects(fetch(`${admin}/openapi.json`), 'the admin port is closed')
  const after = createDatabase({ url: DATABASE_URL, poolSize: 1, onIdleError: () => {} })
  const { sql } = await import('kysely')
  const { rows } = await sql`select from audit_events where event = 'admin_call'`.execute(after.kysely)
  await after.close()
  t.equal(rows.length, 9, 'every call is in the audit trail')
})
