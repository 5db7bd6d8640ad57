import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { SendResult } from '../../src/core/delivery/ports.ts'
import { createBreakers } from '../../src/delivery/breakers.ts'

const ACCEPTED: SendResult = { outcome: 'accepted' }
const FAILED: SendResult = { outcome: 'failed', reason: 'HTTP 503' }
const REFUSED: SendResult = { outcome: 'refused', reason: 'HTTP 400' }
const UNKNOWN: SendResult = { outcome: 'unknown', reason: 'HTTP 502' }

const OPEN_FOR = 40

const create = () => {
  const changes: string[] = []
  const [breaker] = createBreakers([{ provider: 'one', channel: 'sms' }], {
    failures: 3,
    openFor: OPEN_FOR,
    now: () => performance.now(),
    onChange: ({ provider, channel }, state) => changes.push(`${provider} ${channel} ${state}`),
  })
  let calls = 0
  const run = (result: SendResult | Promise<SendResult>) =>
    breaker!.run(async () => {
      calls += 1
      return result
    })
  return { breaker: breaker!, run, changes, calls: () => calls }
}

t.test('opens the circuit after 3 failures in a row, and then does not call the provider', async (t) => {
  const { breaker, run, changes, calls } = create()
  for (const result of [FAILED, UNKNOWN]) t.same(await run(result), result, 'passes the result on')
  t.equal(breaker.state(), 'closed')
  await run(FAILED)
  t.equal(breaker.state(), 'open')
  t.notOk(breaker.mayTry())
  t.equal(breaker.retryAfter(), 1)
  t.match(await run(ACCEPTED), { outcome: 'failed', reason: 'circuit open' })
  t.equal(calls(), 3)
  t.same(changes, ['one sms open'])
})

t.test('restarts the count of failures after a success', async (t) => {
  const { breaker, run } = create()
  for (const result of [FAILED, FAILED, ACCEPTED, FAILED, FAILED]) await run(result)
  t.equal(breaker.state(), 'closed')
})

t.test('does not count refused numbers as failures of the provider', async (t) => {
  const { breaker, run } = create()
  for (let nth = 0; nth < 10; nth += 1) await run(REFUSED)
  t.equal(breaker.state(), 'closed')
})

t.test('tries one message after the open period, which closes the circuit or reopens it', async (t) => {
  const { breaker, run, changes, calls } = create()
  for (let nth = 0; nth < 3; nth += 1) await run(FAILED)
  await setTimeout(OPEN_FOR + 20)
  t.equal(breaker.state(), 'half-open')
  t.ok(breaker.mayTry())
  t.equal(breaker.retryAfter(), 0)

  const probe = Promise.withResolvers<SendResult>()
  const probing = run(probe.promise)
  t.notOk(breaker.mayTry(), 'no second message during the trial')
  t.match(
    await run(ACCEPTED),
    { outcome: 'failed', reason: 'circuit open' },
    'other messages fail at once during the trial',
  )
  probe.resolve(FAILED)
  await probing
  t.equal(breaker.state(), 'open')

  await setTimeout(OPEN_FOR + 20)
  t.same(await run(ACCEPTED), ACCEPTED)
  t.equal(breaker.state(), 'closed')
  t.equal(calls(), 5)
  t.same(
    changes,
    ['open', 'half-open', 'open', 'half-open', 'closed'].map((state) => `one sms ${state}`),
  )
})

t.test('half-opens on time even if the wall clock steps back by an hour', async (t) => {
  const { run } = create()
  for (let nth = 0; nth < 3; nth += 1) await run(FAILED)
  await setTimeout(OPEN_FOR + 20)
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  Date.now = () => now() - 3_600_000
  t.same(await run(ACCEPTED), ACCEPTED)
})
