import fastify from 'fastify'
import t from 'tap'
import { registerClosing } from '../../src/http/closing.ts'

t.test('finishes closing with the last response, without waiting for keep-alive connections', async (t) => {
  const app = fastify({ forceCloseConnections: 'idle', return503OnClosing: false })
  registerClosing(app)
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  app.get('/', async () => {
    arrive()
    await mayAnswer
    return {}
  })
  // Sends its headers before the close begins.
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
  // Node alone waits 72 s.
  const late = new Promise((resolve) => setTimeout(resolve, 30_000, 'late').unref())
  t.equal(await Promise.race([closed, late]), 'closed')
})

t.test('closes connections with each response after the signal, and accepts new ones', async (t) => {
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
