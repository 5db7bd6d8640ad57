import t from 'tap'
import { createHashQueue } from '../../src/core/login/hash-queue.ts'
import { createArgon2id } from '../../src/passwords/argon2id.ts'
import { createWorld, type World } from '../support/app.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

interface Line {
  level: string
  event: string
  code: string
  count?: number
  request_id?: string
  err?: { message: string }
}

/** Returns the log lines about problems since `from`, without the level debug. */
const problemsIn = ({ logged }: World, from = 0): Line[] =>
  logged
    .slice(from)
    .map((line) => JSON.parse(line) as Line)
    .filter(({ event, level }) => event === 'problem' && level !== 'debug')

t.test('logs a flood of overloaded responses as one warning and one with the count', async (t) => {
  const passwords = await createArgon2id(createHashQueue({ concurrency: 1, maxWait: 1, now: () => performance.now() }))
  const world = await createWorld(t, { app: { credentials: { passwords } } })
  const answers = await Promise.all(Array.from({ length: 40 }, () => world.login('unknown')))
  const refused = answers.filter(({ body }) => body.code === 'overloaded').length
  t.ok(refused > 1, `${refused} were refused`)
  // A busy machine may refuse for other reasons too.
  const overloads = () => problemsIn(world).filter(({ code }) => code === 'overloaded')
  t.match(overloads(), [{ level: 'warn', count: 1, request_id: /./ }])
  await world.app.close()
  const lines = overloads()
  t.equal(lines.length, 2)
  t.match(lines[1], { level: 'warn', code: 'overloaded', count: refused - 1 })
})

t.test('logs one warning with the cause for an unreachable database', async (t) => {
  const world = await createWorld(t)
  const { port } = new URL(world.url)
  const wire = await startTcpProxy(t, Number(port || 5432))
  const through = new URL(world.url)
  through.port = String(wire.port)
  through.hostname = '127.0.0.1'
  wire.mode = 'refuse'
  const away = await world.startInstance({ databaseUrl: String(through) })
  for (let nth = 0; nth < 3; nth += 1) {
    t.match(await away.login('alice'), { status: 503, body: { code: 'service_unavailable' } })
    t.equal((await away.get('/health/ready')).status, 503)
  }
  const lines = problemsIn(world)
  t.match(lines, [{ level: 'warn', code: 'service_unavailable', count: 1, err: { message: /./ } }])
  t.equal(lines.length, 1)
})

t.test('logs every internal error', async (t) => {
  const world = await createWorld(t)
  const broken = await world.startInstance({
    app: {
      http: { readiness: [] },
      delivery: {
        deliveryStates: () => {
          throw new Error('a fault')
        },
      },
    },
  })
  for (let nth = 0; nth < 2; nth += 1) t.equal((await broken.get('/health/ready')).status, 500)
  t.match(problemsIn(world), [
    { level: 'error', code: 'internal_error', err: { message: 'a fault' } },
    { level: 'error', code: 'internal_error' },
  ])
})
