import { performance } from 'node:perf_hooks'
import { setImmediate as settle } from 'node:timers/promises'
import t from 'tap'
import type { SendResult, SmsProvider } from '../../src/core/ports.ts'
import { createFailover } from '../../src/providers/failover.ts'
import { MESSAGE } from '../contracts/provider.ts'

const never = () => new AbortController().signal

const ACCEPTED: SendResult = { outcome: 'accepted', messageId: 'msg-1' }
const FAILED: SendResult = { outcome: 'failed', reason: 'HTTP 503', retryAfter: 7 }
const REFUSED: SendResult = { outcome: 'refused', reason: 'HTTP 400' }
const UNKNOWN: SendResult = { outcome: 'unknown', reason: 'HTTP 502' }

/** Companies that answer as told, and the names of those that were asked, in order. */
const createCompanies = (answers: Record<string, SmsProvider['send'] | SendResult>) => {
  const asked: string[] = []
  const providers = Object.entries(answers).map(
    ([name, answer]): SmsProvider => ({
      name,
      send: (message, signal) => {
        asked.push(name)
        return typeof answer === 'function' ? answer(message, signal) : Promise.resolve(answer)
      },
    }),
  )
  return { asked, providers }
}

t.test('the first company is asked first, and nobody else when it accepts', async (t) => {
  const { asked, providers } = createCompanies({ one: ACCEPTED, two: ACCEPTED })
  t.same(await createFailover(providers, never)(MESSAGE, 5_000), { ...ACCEPTED, provider: 'one' })
  t.same(asked, ['one'])
})

t.test('the next company is asked after a definite failure, in order, until one accepts', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: FAILED, three: ACCEPTED, four: ACCEPTED })
  t.same(await createFailover(providers, never)(MESSAGE, 5_000), { ...ACCEPTED, provider: 'three' })
  t.same(asked, ['one', 'two', 'three'])
})

t.test('when all fail, the last word is the last company’s', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: { ...FAILED, reason: 'ECONNREFUSED' } })
  t.same(await createFailover(providers, never)(MESSAGE, 5_000), { ...FAILED, reason: 'ECONNREFUSED', provider: 'two' })
  t.same(asked, ['one', 'two'])
})

t.test('a message whose outcome is unknown is never sent again', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: UNKNOWN, three: ACCEPTED })
  t.same(await createFailover(providers, never)(MESSAGE, 5_000), { ...UNKNOWN, provider: 'two' })
  t.same(asked, ['one', 'two'])
})

t.test('a number that a company refuses for good is offered to no other', async (t) => {
  const { asked, providers } = createCompanies({ one: REFUSED, two: ACCEPTED })
  t.same(await createFailover(providers, never)(MESSAGE, 5_000), { ...REFUSED, provider: 'one' })
  t.same(asked, ['one'])
})

t.test('every company gets the same message, send id and all, and the same signal', async (t) => {
  const got: unknown[] = []
  const keep: SmsProvider['send'] = async (message, signal) => {
    got.push(message, signal)
    return FAILED
  }
  const { signal } = new AbortController()
  const { providers } = createCompanies({ one: keep, two: keep })
  await createFailover(providers, () => signal)(MESSAGE, 5_000)
  t.same(got.length, 4)
  t.ok(got[0] === MESSAGE && got[2] === MESSAGE && got[1] === signal && got[3] === signal)
})

t.test('each send has a deadline of its own, one for all companies', async (t) => {
  let deadlines = 0
  const deadline = () => {
    deadlines += 1
    return never()
  }
  const { providers } = createCompanies({ one: FAILED, two: FAILED, three: FAILED })
  const send = createFailover(providers, deadline)
  t.equal(deadlines, 0)
  await send(MESSAGE, 5_000)
  t.equal(deadlines, 1)
  await send(MESSAGE, 5_000)
  t.equal(deadlines, 2)
})

t.test('the deadline ends a send even if the company ignores the signal, and the outcome is unknown', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, deaf: () => new Promise(() => {}), three: ACCEPTED })
  const controller = new AbortController()
  const sending = createFailover(providers, () => controller.signal)(MESSAGE, 5_000)
  await settle()
  const since = performance.now()
  controller.abort()
  t.match(await sending, { outcome: 'unknown', provider: 'deaf' })
  t.ok(performance.now() - since < 100)
  t.same(asked, ['one', 'deaf'])
})

t.test('what a company says after the deadline changes nothing, not even a late failure', async (t) => {
  const late = Promise.withResolvers<SendResult>()
  const { asked, providers } = createCompanies({ slow: () => late.promise, two: ACCEPTED })
  const controller = new AbortController()
  const sending = createFailover(providers, () => controller.signal)(MESSAGE, 5_000)
  controller.abort()
  t.match(await sending, { outcome: 'unknown', provider: 'slow' })
  late.reject(new Error('too late'))
  await settle()
  t.same(asked, ['slow'])
})

t.test('nobody is asked once the deadline has passed: a definite failure stays one', async (t) => {
  const controller = new AbortController()
  const { asked, providers } = createCompanies({
    one: async () => {
      queueMicrotask(() => controller.abort())
      return FAILED
    },
    two: ACCEPTED,
  })
  const send = createFailover(providers, () => controller.signal)
  t.match(await send(MESSAGE, 5_000), { provider: 'one' })
  t.same(asked, ['one'])
  t.match(await send(MESSAGE, 5_000), { outcome: 'failed' }, 'a deadline that has passed already')
  t.same(asked, ['one'])
})

t.test('a company whose code throws may have sent the message: unknown, never tried again', async (t) => {
  for (const thrown of [new TypeError(`broken at ${MESSAGE.to}: ${MESSAGE.body}`), 'a string', undefined, null]) {
    const { asked, providers } = createCompanies({ one: () => Promise.reject(thrown), two: ACCEPTED })
    const result = await createFailover(providers, never)(MESSAGE, 5_000)
    t.match(result, { outcome: 'unknown', provider: 'one' })
    t.notOk(JSON.stringify(result).includes(MESSAGE.to.slice(1)), 'its message may hold anything and is not passed on')
    t.same(asked, ['one'])
  }
})

t.test('a company whose code throws before it gives a promise is treated alike', async (t) => {
  const { asked, providers } = createCompanies({
    one: () => {
      throw new TypeError('broken')
    },
    two: ACCEPTED,
  })
  t.match(await createFailover(providers, never)(MESSAGE, 5_000), { outcome: 'unknown', provider: 'one' })
  t.same(asked, ['one'])
})

t.test('without a company nothing is sent', async (t) => {
  t.match(await createFailover([], never)(MESSAGE, 5_000), { outcome: 'failed', reason: 'no provider' })
})
