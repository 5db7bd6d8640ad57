import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { explainFailure } from '../src/start/messages.ts'
import { createDatabase } from '../src/store/database.ts'
import { adviceFor } from '../src/store/explain-fault.ts'
import { createTestDatabase } from './support/postgres.ts'
import { runToEnd, temporaryFolder } from './support/server-process.ts'

const listen = async (t: Test, server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as { port: number }).port
}

/** Returns the advice for a database at this address. */
const adviceAt = async (url: string): Promise<string> => {
  const database = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
  try {
    await database.ping()
    return 'it answers'
  } catch (error) {
    return adviceFor(error)
  } finally {
    await database.close()
  }
}

t.test('reports an unreachable database with the cause and DATABASE_URL, without the password', async (t) => {
  const right = new URL(await createTestDatabase(t))
  t.equal(await adviceAt(right.href), 'it answers')
  const change = (part: Partial<Record<'pathname' | 'username' | 'host', string>>) =>
    Object.assign(new URL(right), { password: 'hidden-password' }, part).href
  const web = await listen(
    t,
    createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  )
  const silent = await listen(
    t,
    createServer((socket) => socket.on('error', () => {}).end()),
  )
  for (const [url, said] of [
    [
      change({ pathname: '/nowhere' }),
      /database "nowhere" does not exist\. Create it|rejects the user name or the password/,
    ],
    [
      change({ username: 'no_such_role' }),
      /^the database rejects the user name or the password in DATABASE_URL: .*no_such_role/,
    ],
    [
      change({ host: '127.0.0.1:1' }),
      /^no server answers at DATABASE_URL: connect ECONNREFUSED 127\.0\.0\.1:1\. Start/,
    ],
    [change({ host: 'no-such-host.invalid' }), /^no server answers at DATABASE_URL: .*no-such-host\.invalid\. Start/],
    [change({ host: `127.0.0.1:${web}` }), /^the server at DATABASE_URL does not answer in the Postgres protocol: /],
    [change({ host: `127.0.0.1:${silent}` }), /^the server at DATABASE_URL does not answer in the Postgres protocol: /],
  ] as const) {
    const message = await adviceAt(url)
    t.match(message, said)
    t.notMatch(message, /hidden-password/)
  }
})

t.test('reports an unusable address or port with its setting and an example', async (t) => {
  const DATABASE_URL = await createTestDatabase(t)
  const DATA_DIR = temporaryFolder(t)
  const port = String(await listen(t, createServer()))
  const cases: [Record<string, string>, RegExp][] = [
    [
      { HOST: 'no-such-host.invalid' },
      /^This machine has no address no-such-host\.invalid .* Set HOST.* For example: HOST=/,
    ],
    [{ HOST: '192.0.2.1' }, /^This machine has no address 192\.0\.2\.1 /],
    [{ ADMIN_PORT: port }, new RegExp(`^Port ${port} is in use\\. Set PORT \\(ADMIN_PORT .* For example: PORT=`)],
  ]
  for (const [settings, said] of cases) {
    const { output, code } = await runToEnd({ DATABASE_URL, DATA_DIR, ...settings })
    t.equal(code, 1)
    t.match(output.trim(), said)
    t.equal(output.trim().split('\n').length, 1, output)
  }
  const forbidden = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'listen', address: '0.0.0.0', port: 80 })
  t.match(explainFailure(forbidden), /^This user may not listen on port 80\. Set PORT.* For example: PORT=3000$/)
})
