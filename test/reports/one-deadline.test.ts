import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ANSWER_WITHIN } from '../../src/core/deadline.ts'
import { type Answer, createWorld, type WorldOptions } from '../support/app.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** Creates a second instance with a short deadline and a database that can be slow. */
const createSlow = async (t: Test, answerWithin: number, options: WorldOptions = {}) => {
  const world = await createWorld(t, { ...options, invariants: false })
  await world.addUser('alice')
  const url = new URL(world.url)
  const wire = await startTcpProxy(t, Number(url.port))
  url.hostname = '127.0.0.1'
  url.port = String(wire.port)
  const slow = await world.startInstance({ databaseUrl: url.href, answerWithin })
  // Opens its connections and prepares its statements.
  await slow.login('unknown')
  return { world, wire, slow }
}

/** Tolerance for a busy machine, in ms; without the deadline each of these responses exceeds it. */
const SLACK = 250

const timed = async (answer: Promise<Answer>) => {
  const start = performance.now()
  return { ...(await answer), ms: performance.now() - start }
}

const assertInTime = (t: Test, { status, headers, body, ms }: Awaited<ReturnType<typeof timed>>, within: number) => {
  t.match({ status, body }, { status: 503, body: { code: /^(?:service|sms)_unavailable$/, retry_after: Number } })
  t.ok(Number(headers['retry-after']) >= 1)
  t.ok(ms < within + SLACK, `${Math.round(ms)} ms`)
}

/** Resolves when the instance has rolled back its work, so that a login at another instance works. */
const assertNothingUsed = async (t: Test, world: Awaited<ReturnType<typeof createWorld>>, sent: number) => {
  let answer = await world.login('alice')
  for (let tries = 0; answer.status !== 200 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await world.login('alice')
  }
  t.equal(answer.status, 200, 'no cooldown remains')
  t.equal(world.messages.length, sent + 1, 'no message was sent after the deadline')
}

t.test('has a deadline below 5 s', async (t) => {
  t.ok(ANSWER_WITHIN < 5_000)
})

t.test('covers a failing provider and a slow withdrawal of the code with one deadline', async (t) => {
  let fails = true
  let wire: Awaited<ReturnType<typeof startTcpProxy>> | undefined
  const provider = {
    name: 'test',
    send: async () => {
      if (!fails) return { outcome: 'accepted' } as const
      wire!.delay = 2_000
      return { outcome: 'failed', reason: 'down' } as const
    },
  }
  const slowly = await createSlow(t, 1_500, { provider })
  wire = slowly.wire
  assertInTime(t, await timed(slowly.slow.login('alice')), 1_500)
  wire.delay = 0
  fails = false
  await assertNothingUsed(t, slowly.world, slowly.world.messages.length)
})

t.test('sends no message if a slow database leaves too little time for it', async (t) => {
  const { world, wire, slow } = await createSlow(t, 1_200)
  wire.delay = 350
  assertInTime(t, await timed(slow.login('alice')), 1_200)
  wire.delay = 0
  await assertNothingUsed(t, world, 0)
})

t.test('covers the delay after wrong passwords and a slow database with one deadline', async (t) => {
  const passwordRules = {
    within: 900,
    perAddress: 100,
    delayFrom: 1,
    firstDelay: 700,
    longestDelay: 700,
  }
  const { world, wire, slow } = await createSlow(t, 1_000, { passwordRules, app: { guard: { wait: sleep } } })
  await slow.login('alice', 'wrong password here')
  wire.delay = 400
  const [right, wrong] = await Promise.all([
    timed(slow.login('alice')),
    timed(slow.login('alice', 'another wrong password')),
  ])
  assertInTime(t, right, 1_000)
  assertInTime(t, wrong, 1_000)
  wire.delay = 0
  t.equal(world.messages.length, 0)
})

t.test('applies the deadline to every route', async (t) => {
  const { world, wire, slow } = await createSlow(t, 400, { resendCooldown: 0 })
  const grant = await world.logIn('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const user = slow.as(grant.access_token)
  wire.delay = 450
  const answers = await Promise.all([
    timed(slow.verify(token, world.lastCode())),
    timed(slow.resend(token)),
    timed(slow.get('/challenge', token)),
    timed(user.get('/me')),
    timed(user.get('/sessions')),
    timed(user.post('/password', { current_password: 'x', new_password: 'a new password for alice' })),
  ])
  for (const answer of answers) assertInTime(t, answer, 400)
  wire.delay = 0
})

t.test('starts the deadline after the body has arrived', async (t) => {
  const { slow } = await createSlow(t, 300)
  const address = await slow.app.listen({ host: '127.0.0.1', port: 0 })
  const body = JSON.stringify({ username: 'unknown', password: 'a password' })
  const stream = new ReadableStream({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode(body.slice(0, 5)))
      await new Promise((resolve) => setTimeout(resolve, 400))
      controller.enqueue(new TextEncoder().encode(body.slice(5)))
      controller.close()
    },
  })
  const response = await fetch(`${address}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  } as RequestInit)
  t.equal(response.status, 401)
})
