import { performance } from 'node:perf_hooks'
import { setImmediate as settle } from 'node:timers/promises'
import t from 'tap'
import type { Provider, SendEntry, SendResult, SettledSend } from '../../src/core/delivery/ports.ts'
import type { Breaker } from '../../src/delivery/breakers.ts'
import { createFailover } from '../../src/delivery/dispatch.ts'
import { sendEntry } from '../contracts/challenge-store.ts'
import { MESSAGE } from '../contracts/provider.ts'

const never = () => new AbortController().signal

const ACCEPTED: SendResult = { outcome: 'accepted', messageId: 'msg-1' }
const FAILED: SendResult = { outcome: 'failed', reason: 'HTTP 503', retryAfter: 7 }
const REFUSED: SendResult = { outcome: 'refused', reason: 'HTTP 400' }
const UNKNOWN: SendResult = { outcome: 'unknown', reason: 'HTTP 502' }

/** Creates providers with the given answers, and records the names of the called ones in order. */
const createProviders = (answers: Record<string, Provider['send'] | SendResult>) => {
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

/** Creates a circuit breaker that never opens. */
const closed = (provider: string): Breaker => ({
  provider,
  channel: 'sms',
  state: () => 'closed',
  mayTry: () => true,
  retryAfter: () => 0,
  run: (send) => send(),
})

/** Pairs each provider with a ledger entry named after it. */
const attemptsOf = (providers: Provider[]) =>
  providers.map((provider) => ({
    provider,
    breaker: closed(provider.name),
    entry: sendEntry({ sendId: `send-${provider.name}`, provider: provider.name }),
  }))

/** Sends through the given providers; returns the result without `took` and `sendId`. */
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

t.test('calls only the first provider when it accepts', async (t) => {
  const { asked, providers } = createProviders({ one: ACCEPTED, two: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...ACCEPTED, provider: 'one' })
  t.same(asked, ['one'])
})

t.test('tries the next provider after each definite failure until one accepts', async (t) => {
  const { asked, providers } = createProviders({ one: FAILED, two: FAILED, three: ACCEPTED, four: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...ACCEPTED, provider: 'three' })
  t.same(asked, ['one', 'two', 'three'])
})

t.test('returns the result of the last provider when all fail', async (t) => {
  const { asked, providers } = createProviders({ one: FAILED, two: { ...FAILED, reason: 'ECONNREFUSED' } })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...FAILED, reason: 'ECONNREFUSED', provider: 'two' })
  t.same(asked, ['one', 'two'])
})

t.test('never retries a message whose outcome is unknown', async (t) => {
  const { asked, providers } = createProviders({ one: FAILED, two: UNKNOWN, three: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...UNKNOWN, provider: 'two' })
  t.same(asked, ['one', 'two'])
})

t.test('does not try another provider after one refuses the number', async (t) => {
  const { asked, providers } = createProviders({ one: REFUSED, two: ACCEPTED })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { ...REFUSED, provider: 'one' })
  t.same(asked, ['one'])
})

t.test('gives every provider the same message and signal, with the id of its own entry', async (t) => {
  const got: { message: object; signal: AbortSignal }[] = []
  const keep: Provider['send'] = async (message, signal) => {
    got.push({ message, signal })
    return FAILED
  }
  const { signal } = new AbortController()
  const { providers } = createProviders({ one: keep, two: keep })
  await failover(providers, () => signal)(MESSAGE, 5_000)
  t.same(got, [
    { message: { ...MESSAGE, sendId: 'send-one' }, signal },
    { message: { ...MESSAGE, sendId: 'send-two' }, signal },
  ])
})

t.test('writes the next ledger entry before it calls the next provider', async (t) => {
  const log: string[] = []
  const { providers } = createProviders({
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

t.test('does not call a provider without a ledger entry', async (t) => {
  const { asked, providers } = createProviders({ one: FAILED, two: ACCEPTED })
  const broken = () => Promise.reject(new Error('the database is away'))
  t.match(await failover(providers, never, broken)(MESSAGE, 5_000), { outcome: 'failed', provider: 'one' })
  t.same(asked, ['one'])
})

t.test('answers at the deadline even if the ledger hangs', async (t) => {
  const { asked, providers } = createProviders({ one: FAILED, two: ACCEPTED })
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

t.test('starts one deadline for each send, shared by all providers', async (t) => {
  let deadlines = 0
  const deadline = () => {
    deadlines += 1
    return never()
  }
  const { providers } = createProviders({ one: FAILED, two: FAILED, three: FAILED })
  const send = failover(providers, deadline)
  t.equal(deadlines, 0)
  await send(MESSAGE, 5_000)
  t.equal(deadlines, 1)
  await send(MESSAGE, 5_000)
  t.equal(deadlines, 2)
})

t.test('ends a send at the deadline as unknown even if the provider ignores the signal', async (t) => {
  const { asked, providers } = createProviders({ one: FAILED, deaf: () => new Promise(() => {}), three: ACCEPTED })
  const controller = new AbortController()
  const sending = failover(providers, () => controller.signal)(MESSAGE, 5_000)
  await settle()
  const since = performance.now()
  controller.abort()
  t.match(await sending, { outcome: 'unknown', provider: 'deaf' })
  t.ok(performance.now() - since < 100)
  t.same(asked, ['one', 'deaf'])
})

t.test('ignores a result or an error that arrives after the deadline', async (t) => {
  const late = Promise.withResolvers<SendResult>()
  const { asked, providers } = createProviders({ slow: () => late.promise, two: ACCEPTED })
  const controller = new AbortController()
  const sending = failover(providers, () => controller.signal)(MESSAGE, 5_000)
  controller.abort()
  t.match(await sending, { outcome: 'unknown', provider: 'slow' })
  late.reject(new Error('too late'))
  await settle()
  t.same(asked, ['slow'])
})

t.test('calls no provider after the deadline, and keeps a definite failure', async (t) => {
  const controller = new AbortController()
  const { asked, providers } = createProviders({
    one: async () => {
      queueMicrotask(() => controller.abort())
      return FAILED
    },
    two: ACCEPTED,
  })
  const send = failover(providers, () => controller.signal)
  t.match(await send(MESSAGE, 5_000), { provider: 'one' })
  t.same(asked, ['one'])
  t.match(await send(MESSAGE, 5_000), { outcome: 'failed' }, 'the deadline has passed before the send')
  t.same(asked, ['one'])
})

t.test('treats a provider that rejects as unknown and never retries the message', async (t) => {
  for (const thrown of [new TypeError(`broken at ${MESSAGE.to}: ${MESSAGE.text}`), 'a string', undefined, null]) {
    const { asked, providers } = createProviders({ one: () => Promise.reject(thrown), two: ACCEPTED })
    const result = await failover(providers, never)(MESSAGE, 5_000)
    t.match(result, { outcome: 'unknown', provider: 'one' })
    t.notOk(
      JSON.stringify(result).includes(MESSAGE.to.slice(1)),
      'the error message may contain the number and is not passed on',
    )
    t.same(asked, ['one'])
  }
})

t.test('treats a provider that throws synchronously as unknown', async (t) => {
  const { asked, providers } = createProviders({
    one: () => {
      throw new TypeError('broken')
    },
    two: ACCEPTED,
  })
  t.match(await failover(providers, never)(MESSAGE, 5_000), { outcome: 'unknown', provider: 'one' })
  t.same(asked, ['one'])
})

t.test('normalizes malformed results, treats unreadable ones as unknown and never retries', async (t) => {
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
    const { asked, providers } = createProviders({ one: async () => given as SendResult, two: ACCEPTED })
    t.match(await failover(providers, never)(MESSAGE, 5_000), { ...expected, provider: 'one' }, JSON.stringify(given))
    t.same(asked, ['one'])
  }
  const { providers } = createProviders({
    one: async () => ({ outcome: 'failed', reason: 'x', retryAfter: 'soon' }) as never,
  })
  t.same(await failover(providers, never)(MESSAGE, 5_000), { outcome: 'failed', reason: 'x', provider: 'one' })
})

t.test('counts no timeout against a provider that had only 500 ms', async (t) => {
  const { providers } = createProviders({ slow: () => new Promise(() => {}) })
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
