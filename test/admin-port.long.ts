import t from 'tap'
import { createTestDatabase } from './support/postgres.ts'
import { runToEnd, startServer, temporaryFolder } from './support/server-process.ts'

t.test('opens no admin API without ADMIN_PORT, and reports a port that is in use', async (t) => {
  const DATABASE_URL = await createTestDatabase(t)
  const DATA_DIR = temporaryFolder(t)
  const server = await startServer(t, { DATABASE_URL, DATA_DIR })
  t.notMatch(server.output(), /admin API/)
  const { port } = new URL(server.address)
  const refused = await runToEnd({ DATABASE_URL, DATA_DIR, ADMIN_PORT: port })
  t.match(refused, {
    code: 1,
    output: new RegExp(`^Port ${port} is in use\\. Set PORT \\(ADMIN_PORT for the admin API\\)`, 'm'),
  })
})
