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

t.test('failures in a row open the circuit, and then the company is not called', async (t) => {
  const { breaker, run, changes, calls } = create()
  for (const result of [FAILED, UNKNOWN]) t.same(await run(result), result, 'the result is passed on')
  t.equal(breaker.state(), 'closed')
  await run(FAILED)
  t.equal(breaker.state(), 'open')
  t.notOk(breaker.mayTry())
  t.equal(breaker.retryAfter(), 1)
  t.match(await run(ACCEPTED), { outcome: 'failed', reason: 'circuit open' })
  t.equal(calls(), 3)
  t.same(changes, ['one sms open'])
})

t.test('a success in between starts the count again', async (t) => {
  const { breaker, run } = create()
  for (const result of [FAILED, FAILED, ACCEPTED, FAILED, FAILED]) await run(result)
  t.equal(breaker.state(), 'closed')
})

t.test('refused numbers say nothing against the company', async (t) => {
  const { breaker, run } = create()
  for (let nth = 0; nth < 10; nth += 1) await run(REFUSED)
  t.equal(breaker.state(), 'closed')
})

t.test('after a while one message finds out, alone, and closes the circuit or opens it again', async (t) => {
  const { breaker, run, changes, calls } = create()
  for (let nth = 0; nth < 3; nth += 1) await run(FAILED)
  await setTimeout(OPEN_FOR + 20)
  t.equal(breaker.state(), 'half-open')
  t.ok(breaker.mayTry())
  t.equal(breaker.retryAfter(), 0)

  const probe = Promise.withResolvers<SendResult>()
  const probing = run(probe.promise)
  t.notOk(breaker.mayTry(), 'nobody else, while it is under way')
  t.match(await run(ACCEPTED), { outcome: 'failed', reason: 'circuit open' }, 'and nobody waits for it')
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

t.test('a wall clock that steps back does not keep the circuit open', async (t) => {
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
