import { performance } from 'node:perf_hooks'
import { setImmediate as settle } from 'node:timers/promises'
import t from 'tap'
import type { Provider, SendEntry, SendResult, SettledSend } from '../../src/core/delivery/ports.ts'
import type { Breaker } from '../../src/delivery/breakers.ts'
import { createFailover } from '../../src/delivery/failover.ts'
import { sendEntry } from '../contracts/challenge-store.ts'
import { MESSAGE } from '../contracts/provider.ts'

const never = () => new AbortController().signal

const ACCEPTED: SendResult = { outcome: 'accepted', messageId: 'msg-1' }
const FAILED: SendResult = { outcome: 'failed', reason: 'HTTP 503', retryAfter: 7 }
const REFUSED: SendResult = { outcome: 'refused', reason: 'HTTP 400' }
const UNKNOWN: SendResult = { outcome: 'unknown', reason: 'HTTP 502' }

/** Companies that answer as told, and the names of those that were asked, in order. */
const createCompanies = (answers: Record<string, Provider['send'] | SendResult>) => {
  const asked: string[] = []
  const providers = Object.entries(answers).map(
    ([name, answer]): Provider => ({
      name,
      channels: ['sms'],
      send: (message, signal) => {
        asked.push(name)
        return typeof answer === 'function' ? answer(message, signal) : Promise.resolve(answer)
      },
    }),
  )
  return { asked, providers }
}

/** A circuit that never opens. */
const closed = (provider: string): Breaker => ({
  provider,
  channel: 'sms',
  state: () => 'closed',
  mayTry: () => true,
  retryAfter: () => 0,
  run: (send) => send(),
})

/** Each company with its entry, named after it. */
const attemptsOf = (providers: Provider[]) =>
  providers.map((provider) => ({
    provider,
    breaker: closed(provider.name),
    entry: sendEntry({ sendId: `send-${provider.name}`, provider: provider.name }),
  }))

/** Sends through these companies; the result without what every result has. */
const failover = (
  providers: Provider[],
  deadline: (within: number) => AbortSignal,
  handOver: (failed: SettledSend, next: SendEntry) => Promise<void> = async () => {},
) => {
  const send = createFailover(deadline)
  return async (message: typeof MESSAGE, within: number) => {
    const { took, sendId, ...result } = await send(message, attemptsOf(providers), within, handOver)
    if (!Number.isInteger(took) || sendId !== `send-${result.provider}`) throw new Error('the result names its entry')
    return result
  }
}

t.test('the first company is asked first, and nobody else when it accepts', async (t) => {
  const { asked, providers } = createCompanies({ one: ACCEPTED, two: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...ACCEPTED, provider: 'one' })
  t.same(asked, ['one'])
})

t.test('the next company is asked after a definite failure, in order, until one accepts', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: FAILED, three: ACCEPTED, four: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...ACCEPTED, provider: 'three' })
  t.same(asked, ['one', 'two', 'three'])
})

t.test('when all fail, the last word is the last company’s', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: { ...FAILED, reason: 'ECONNREFUSED' } })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...FAILED, reason: 'ECONNREFUSED', provider: 'two' })
  t.same(asked, ['one', 'two'])
})

t.test('a message whose outcome is unknown is never sent again', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: UNKNOWN, three: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...UNKNOWN, provider: 'two' })
  t.same(asked, ['one', 'two'])
})

t.test('a number that a company refuses for good is offered to no other', async (t) => {
  const { asked, providers } = createCompanies({ one: REFUSED, two: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...REFUSED, provider: 'one' })
  t.same(asked, ['one'])
})

t.test('every company gets the same message, under the id of its own entry, and the same signal', async (t) => {
  const got: { message: object; signal: AbortSignal }[] = []
  const keep: Provider['send'] = async (message, signal) => {
    got.push({ message, signal })
    return FAILED
  }
  const { signal } = new AbortController()
  const { providers } = createCompanies({ one: keep, two: keep })
  await failover(providers, () => signal)(MESSAGE, 5_000)
  t.same(got, [
    { message: { ...MESSAGE, sendId: 'send-one' }, signal },
    { message: { ...MESSAGE, sendId: 'send-two' }, signal },
  ])
})

t.test('the ledger has the next entry before the next company is called', async (t) => {
  const log: string[] = []
  const { providers } = createCompanies({
    one: FAILED,
    two: async () => {
      log.push('two is called')
      return ACCEPTED
    },
  })
  await failover(providers, never, async (failed, next) => {
    await settle()
    log.push(`${failed.sendId} ${failed.status} ${failed.reason}, ${next.sendId} is next`)
  })(MESSAGE, 5_000)
  t.same(log, ['send-one failed HTTP 503, send-two is next', 'two is called'])
})

t.test('a company that the ledger could not take an entry for is not called', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: ACCEPTED })
  const broken = () => Promise.reject(new Error('the database is away'))
  t.match(await failover(providers, never, broken)(MESSAGE, 5_000), { outcome: 'failed', provider: 'one' })
  t.same(asked, ['one'])
})

t.test('a ledger that hangs does not hold the answer beyond the deadline', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, two: ACCEPTED })
  const controller = new AbortController()
  const sending = failover(
    providers,
    () => controller.signal,
    () => new Promise(() => {}),
  )(MESSAGE, 5_000)
  await settle()
  controller.abort()
  t.match(await sending, { outcome: 'failed', provider: 'one' })
  t.same(asked, ['one'])
})

t.test('each send has a deadline of its own, one for all companies', async (t) => {
  let deadlines = 0
  const deadline = () => {
    deadlines += 1
    return never()
  }
  const { providers } = createCompanies({ one: FAILED, two: FAILED, three: FAILED })
  const send = failover(providers, deadline)
  t.equal(deadlines, 0)
  await send(MESSAGE, 5_000)
  t.equal(deadlines, 1)
  await send(MESSAGE, 5_000)
  t.equal(deadlines, 2)
})

t.test('the deadline ends a send even if the company ignores the signal, and the outcome is unknown', async (t) => {
  const { asked, providers } = createCompanies({ one: FAILED, deaf: () => new Promise(() => {}), three: ACCEPTED })
  const controller = new AbortController()
  const sending = failover(providers, () => controller.signal)(MESSAGE, 5_000)
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
  const sending = failover(providers, () => controller.signal)(MESSAGE, 5_000)
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
  const send = failover(providers, () => controller.signal)
  t.match(await send(MESSAGE, 5_000), { provider: 'one' })
  t.same(asked, ['one'])
  t.match(await send(MESSAGE, 5_000), { outcome: 'failed' }, 'a deadline that has passed already')
  t.same(asked, ['one'])
})

t.test('a company whose code throws may have sent the message: unknown, never tried again', async (t) => {
  for (const thrown of [new TypeError(`broken at ${MESSAGE.to}: ${MESSAGE.text}`), 'a string', undefined, null]) {
    const { asked, providers } = createCompanies({ one: () => Promise.reject(thrown), two: ACCEPTED })
    const result = await failover(providers, never)(MESSAGE, 5_000)
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
  t.match(await failover(providers, never)(MESSAGE, 5_000), { outcome: 'unknown', provider: 'one' })
  t.same(asked, ['one'])
})

t.test('a result of no promised form is taken for what it can be: unknown, and never sent again', async (t) => {
  const odd: [given: unknown, expected: object][] = [
    [undefined, { outcome: 'unknown', reason: 'no result' }],
    [null, { outcome: 'unknown' }],
    ['accepted', { outcome: 'unknown' }],
    [{ outcome: 'ok' }, { outcome: 'unknown' }],
    [
      { outcome: 'accepted', messageId: 123 },
      { outcome: 'accepted', messageId: '123' },
    ],
    [{ outcome: 'accepted', messageId: {} }, { outcome: 'accepted' }],
    [
      { outcome: 'unknown', reason: 5 },
      { outcome: 'unknown', reason: '5' },
    ],
    [{ outcome: 'refused' }, { outcome: 'refused', reason: 'no reason given' }],
  ]
  for (const [given, expected] of odd) {
    const { asked, providers } = createCompanies({ one: async () => given as SendResult, two: ACCEPTED })
    t.match(await failover(providers, never)(MESSAGE, 5_000), { ...expected, provider: 'one' }, JSON.stringify(given))
    t.same(asked, ['one'])
  }
  const { providers } = createCompanies({
    one: async () => ({ outcome: 'failed', reason: 'x', retryAfter: 'soon' }) as never,
  })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { outcome: 'failed', reason: 'x', provider: 'one' })
})

t.test('what a company could not do in the little time it had is not held against it', async (t) => {
  const { providers } = createCompanies({ slow: () => new Promise(() => {}) })
  let counted = 0
  const count = async (send: () => Promise<SendResult>) => {
    counted += 1
    return send()
  }
  const watched = attemptsOf(providers).map((attempt) => ({ ...attempt, breaker: { ...attempt.breaker, run: count } }))
  const { sendId: _, ...message } = MESSAGE
  for (const [within, times] of [
    [500, 0],
    [2_000, 1],
  ] as const) {
    const controller = new AbortController()
    const sending = createFailover(() => controller.signal)(message, watched, within, async () => {})
    await settle()
    controller.abort()
    t.equal((await sending).outcome, 'unknown')
    t.equal(counted, times)
  }
})
