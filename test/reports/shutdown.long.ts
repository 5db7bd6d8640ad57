import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { startServer, temporaryFolder } from '../support/server-process.ts'

/** Sends one request; resolves to true if the response closes the connection, rejects without a response. */
const ask = (agent: Agent, url: string) =>
  new Promise<boolean>((resolve, reject) => {
    const asked = request(url, { agent }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.headers.connection === 'close'))
      answer.once('error', reject)
    })
    asked.once('error', reject)
    asked.end()
  })

t.test('loses no request on shutdown and closes every connection with a response', async (t) => {
  const server = await startServer(t, {
    DATA_DIR: temporaryFolder(t),
    DATABASE_URL: 'postgres://unknown@127.0.0.1:1/none',
    RATE_LIMIT: 'false',
    SHUTDOWN_DELAY: '1',
  })
  const { port } = new URL(server.address)
  // Browsers open connections in advance and may never use them.
  const silent = connect(Number(port), '127.0.0.1').on('error', () => {})
  t.teardown(() => silent.destroy())

  let answers = 0
  const talk = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (;;) {
      const mustClose = await ask(agent, `${server.address}/.well-known/jwks.json`)
      answers += 1
      if (mustClose) return 'closed by a response'
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    }
  }
  const clients = Array.from({ length: 20 }, () => talk().catch((error: Error) => error.message))
  while (answers < 40) await new Promise((resolve) => setTimeout(resolve, 5))
  const stopped = server.stop()
  // npm forwards the signal that the whole process group receives.
  server.process.kill('SIGTERM')
  t.strictSame(new Set(await Promise.all(clients)), new Set(['closed by a response']))
  t.equal(await stopped, 0, 'an unused connection does not delay the stop')
})
