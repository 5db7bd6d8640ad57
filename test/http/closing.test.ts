import fastify from 'fastify'
import t from 'tap'
import { registerClosing } from '../../src/http/closing.ts'

t.test('a close ends with the last answer, and does not wait for connections that are kept alive', async (t) => {
  const app = fastify({ forceCloseConnections: 'idle', return503OnClosing: false })
  registerClosing(app)
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  app.get('/', async () => {
    arrive()
    await mayAnswer
    return {}
  })
  // The headers of this one are out before the close begins.
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  app.get('/stream', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200)
    reply.raw.write('one')
    begin()
    void mayAnswer.then(() => reply.raw.end('two'))
  })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const plain = fetch(address)
  const stream = fetch(`${address}/stream`).then((response) => response.text())
  await arrived
  await begun
  const closed = app.close().then(() => 'closed')
  while (app.server.listening) await new Promise(setImmediate)
  answer()
  t.equal((await plain).headers.get('connection'), 'close')
  t.equal(await stream, 'onetwo')
  // Node alone would wait 72 s.
  const late = new Promise((resolve) => setTimeout(resolve, 30_000, 'late').unref())
  t.equal(await Promise.race([closed, late]), 'closed')
})

t.test('answers close their connections from the signal on, while others are still accepted', async (t) => {
  let isStopping = false
  const app = fastify({ forceCloseConnections: 'idle', return503OnClosing: false })
  t.teardown(() => app.close())
  registerClosing(app, () => isStopping)
  app.get('/', async () => ({}))
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const connectionOf = async () => (await fetch(address)).headers.get('connection')
  t.equal(await connectionOf(), 'keep-alive')
  isStopping = true
  t.equal(await connectionOf(), 'close')
  t.equal(await connectionOf(), 'close')
})
