import { mock } from 'node:test'
import { setImmediate as pause } from 'node:timers/promises'
import t from 'tap'
import { createClient } from '../../client/src/index.ts'
import { createWorld, ISSUER, PASSWORD } from '../support/app.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const GRANT = { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 600, refresh_token: 'rt_next' }

/** Refreshes over a link that delays every response, in virtual time. Returns the start and end of each try in ms. */
const renewBehind = async (delay: number, options: { timeout?: number } = {}) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  try {
    const tries: { from: number; to?: number }[] = []
    const client = createClient({
      url: ISSUER,
      ...options,
      storage: { load: () => ({ refresh_token: 'rt_first' }), save: () => {} },
      fetch: (_input, init) =>
        new Promise((resolve, reject) => {
          const one: (typeof tries)[number] = { from: Date.now() }
          tries.push(one)
          const end = (run: () => void) => () => {
            one.to = Date.now()
            run()
          }
          init.signal?.addEventListener(
            'abort',
            end(() => reject(new Error('cut'))),
          )
          setTimeout(
            end(() => resolve(Response.json(GRANT))),
            delay,
          )
        }),
    })
    let answer: Awaited<ReturnType<typeof client.refresh>> | undefined
    void client.refresh().then((renewal) => {
      answer = renewal
    })
    while (!answer) {
      await pause()
      mock.timers.tick(100)
    }
    return { answer, tries }
  } finally {
    mock.timers.reset()
  }
}

await t.test('completes a refresh at its first try over a link with a delay of 3.5 s', async (t) => {
  const { answer, tries } = await renewBehind(3_500)
  t.match(answer, { ok: true, data: { refresh_token: 'rt_next' } })
  t.strictSame(tries, [{ from: 0, to: 3_500 }])
})

await t.test('gives each try of a refresh the full timeout, within the rotation grace', async (t) => {
  for (const timeout of [10_000, 30_000, 60_000]) {
    const { answer, tries } = await renewBehind(1e9, { timeout })
    t.match(answer, { ok: false, problem: { code: 'unreachable' } })
    t.ok(
      tries.every(({ from, to }) => to! - from === timeout),
      `${timeout} ms`,
    )
    t.ok(
      tries.every(({ from }) => from < 110_000),
      'the same successor is still available',
    )
  }
})

// Starts after the tests in virtual time, which would affect the timers of connections.
// Audit entries may be lost while the connection to the database is cut.
const world = await createWorld(t, { resendCooldown: 0, invariants: false })
const other = await world.startInstance()
await world.addUser('alice')

t.test('a lost response', async (t) => {
  await t.test('is repeated for the client 20 s later on a fast link', async (t) => {
    let isLost = true
    const grant = await world.logIn('alice')
    const client = createClient({
      url: ISSUER,
      retries: 0,
      storage: { load: () => ({ refresh_token: grant.refresh_token }), save: () => {} },
      fetch: async (input, init) => {
        const { status, body } = await world.post(new URL(input).pathname, JSON.parse(init.body as string))
        if (isLost) throw new Error('the link is down')
        return Response.json(body, { status })
      },
    })
    t.match(await client.refresh(), { ok: false, problem: { code: 'unreachable' } })
    await world.passTime(20)
    isLost = false
    t.match(await client.refresh(), { ok: true }, 'the user is still logged in')
    t.match(await client.refresh(), { ok: true }, 'the successor is valid')
  })

  await t.test('is repeated by any instance after the longest wait of a rate limit', async (t) => {
    const { refresh_token: first } = await world.logIn('alice')
    const second = (await world.refresh(first)).body.refresh_token
    for (const instance of [other, world]) {
      await world.passTime(50)
      t.equal((await instance.refresh(first)).body.refresh_token, second)
    }
    t.equal((await other.refresh(second)).status, 200)
  })

  await t.test('is repeated with the same device token a minute after a login by a remembered device', async (t) => {
    const { device_token } = await world.logIn('alice', { remember_device: true })
    const present = () => world.post('/login', { username: 'alice', password: PASSWORD, device_token })
    const lost = await present()
    await world.passTime(60)
    const again = await present()
    t.match(again, { status: 200, body: { token_type: 'Bearer', device_token: lost.body.device_token } })
  })

  await t.test('and 13 s without Postgres do not end the session', async (t) => {
    const address = new URL(world.url)
    const wire = await startTcpProxy(t, Number(address.port))
    address.hostname = '127.0.0.1'
    address.port = String(wire.port)
    const wired = await world.startInstance({ databaseUrl: address.href })
    const { refresh_token: first } = await world.logIn('alice')
    t.equal((await wired.get('/health/ready')).status, 200, 'the connection is open')
    wire.mode = 'deaf'
    const asked = wired.refresh(first)
    const used = () => world.sql(`select 1 from refresh_tokens where used_at > now() - interval '5 s'`)
    while ((await used()).length === 0) await pause()
    wire.mode = 'refuse'
    wire.cut()
    t.match(await asked, { status: 503, body: { code: 'service_unavailable' } })
    await world.passTime(6)
    t.match(await wired.refresh(first), { status: 503, body: { code: 'service_unavailable' } })
    await world.passTime(7)
    wire.mode = 'pass'
    t.match(await wired.refresh(first), { status: 200, body: { token_type: 'Bearer' } })
  })

  t.strictSame(await world.sql(`select 1 from events where type like '%.reused'`), [], 'no reuse is reported')
})

t.test('a copied refresh token', async (t) => {
  await t.test('ends the session as soon as its successor was used', async (t) => {
    const { refresh_token: first } = await world.logIn('alice')
    const second = (await world.refresh(first)).body.refresh_token
    const third = (await world.refresh(second)).body.refresh_token
    t.match(await world.refresh(first), { status: 401, body: { code: 'invalid_token' } })
    t.equal((await world.refresh(third)).status, 401)
  })

  await t.test(
    'ends the session when a token is used again after the grace, even if its successor is unused',
    async (t) => {
      const { refresh_token: first } = await world.logIn('alice')
      const second = (await world.refresh(first)).body.refresh_token
      await world.passTime(121)
      t.equal((await world.refresh(first)).status, 401)
      t.equal((await world.refresh(second)).status, 401)
    },
  )

  await t.test('never creates two token chains in a race with its successor', async (t) => {
    for (let round = 0; round < 5; round += 1) {
      const { refresh_token: first } = await world.logIn('alice')
      const second = (await world.refresh(first)).body.refresh_token
      await world.passTime(60)
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => (n % 2 ? world : other).refresh(n % 3 ? first : second)),
      )
      const given = new Set(answers.flatMap(({ body }) => body.refresh_token ?? []))
      given.delete(second)
      t.ok(given.size <= 1, 'one second successor')
      for (const token of given) {
        const isCaught = answers.some(({ status }) => status === 401)
        t.equal((await world.refresh(token)).status, isCaught ? 401 : 200, 'a detected copy ends the session')
      }
    }
  })
})
