import { performance } from 'node:perf_hooks'
import {
  type Carrier,
  CHANNELS,
  type Channel,
  type CodeMessage,
  type Dispatched,
  type Dispatcher,
  type HandOver,
  type Provider,
  type SendEntry,
  type SendResult,
} from '../core/delivery/ports.ts'
import { type Breaker, type BreakerOptions, type BreakerState, createBreakers } from './breakers.ts'
import { estimatePrice, type Prices } from './prices.ts'
import { type Routes, routeFor } from './routing.ts'

/** The dependencies of `createDispatch`. */
export interface DispatchOptions {
  /** In the order of `SMS_PROVIDERS`. */
  providers: readonly Provider[]
  routes: Routes
  prices: Prices
  breakers: BreakerOptions
  /** Makes the signal that ends one complete send after the given ms. */
  deadline: (within: number) => AbortSignal
  /** Returns the stand-in that serves a scenario number instead of the providers; undefined for every other number. */
  scenario?: (phone: string) => Provider | undefined
}

/** A dispatcher that also reports the state of its circuits. */
export interface Dispatch extends Dispatcher {
  /** Returns every provider and channel with the state of its circuit. */
  states(): (Carrier & { state: BreakerState })[]
}

/** Makes the breaker of a stand-in, which never opens. */
const alwaysClosed = (provider: string, channel: Channel): Breaker => ({
  provider,
  channel,
  state: () => 'closed',
  mayTry: () => true,
  retryAfter: () => 0,
  run: (send) => send(),
})

/** Makes the dispatcher from providers, routes, prices and breakers. */
export const createDispatch = (options: DispatchOptions): Dispatch => {
  const { providers, routes, prices, scenario = () => undefined } = options
  const failover = createFailover(options.deadline)
  const breakers = createBreakers(
    providers.flatMap(({ name, channels }) => channels.map((channel) => ({ provider: name, channel }))),
    options.breakers,
  )
  const all = providers.map(({ name }) => name)
  const breakerOf = (name: string, channel: Channel) =>
    breakers.find((breaker) => breaker.provider === name && breaker.channel === channel)

  return {
    channels: CHANNELS.filter((channel) => providers.some(({ channels }) => channels.includes(channel))),

    candidates({ phone, country, channel }) {
      const standIn = scenario(phone)
      if (standIn) return [{ provider: standIn.name, channel, retryAfter: 0 }]
      return routeFor(routes, country, all).flatMap((name) => {
        const breaker = breakerOf(name, channel)
        return breaker ? [{ provider: name, channel, retryAfter: breaker.retryAfter() }] : []
      })
    },

    price: (message) => estimatePrice(prices, message),

    send(message, entries, within, handOver) {
      const attempts = entries.map((entry) => {
        const standIn = scenario(message.to)
        if (standIn) return { entry, provider: standIn, breaker: alwaysClosed(standIn.name, entry.channel) }
        const provider = providers.find(({ name }) => name === entry.provider)!
        return { entry, provider, breaker: breakerOf(entry.provider, entry.channel)! }
      })
      return failover(message, attempts, within, handOver)
    },

    states: () => breakers.map(({ provider, channel, state }) => ({ provider, channel, state: state() })),
  }
}

/** A provider that may carry a message, and its ledger entry if it does. */
export interface Attempt {
  provider: Provider
  breaker: Breaker
  entry: SendEntry
}

/** Sends through the first provider that takes the message. `attempts` has at least one. */
export type Failover = (
  message: Omit<CodeMessage, 'sendId'>,
  attempts: readonly Attempt[],
  within: number,
  handOver: HandOver,
) => Promise<Dispatched>

/** The shortest time, in ms, after which a missing result counts against a provider. */
const FAIR_TIME = 2_000

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined

/** Converts the result of an operator's own provider. Without a valid outcome, the message may have been sent. */
const toResult = (given: unknown): SendResult => {
  const { outcome, messageId, reason, retryAfter } = Object(given) as Record<string, unknown>
  const id = textOf(messageId)
  if (outcome === 'accepted') return id === undefined ? { outcome } : { outcome, messageId: id }
  const why = textOf(reason) ?? 'no reason given'
  if (outcome === 'refused' || outcome === 'unknown') return { outcome, reason: why }
  if (outcome !== 'failed') return { outcome: 'unknown', reason: 'no result' }
  const wait = Number.isSafeInteger(retryAfter) ? (retryAfter as number) : undefined
  return { outcome, reason: why, ...(wait !== undefined && wait >= 0 && { retryAfter: wait }) }
}

const expiryOf = (signal: AbortSignal) =>
  new Promise<SendResult>((resolve) => {
    const expired = () => resolve({ outcome: 'unknown', reason: 'no answer in time' })
    if (signal.aborted) expired()
    else signal.addEventListener('abort', expired, { once: true })
  })

/**
 * Makes the function that tries the providers in order, all within one deadline. The next provider is tried only after
 * a definite failure and once its ledger entry is stored. A message with an unknown outcome is never sent again,
 * because a second code is worse than a late one.
 */
export const createFailover =
  (
    /** Makes the signal that ends one complete send after the given ms. */
    deadline: (within: number) => AbortSignal,
  ): Failover =>
  async (message, attempts, within, handOver) => {
    const signal = deadline(within)
    const expired = expiryOf(signal)

    const attempt = async ({ provider, breaker, entry }: Attempt): Promise<Dispatched> => {
      const start = performance.now()
      const send = async () => toResult(await provider.send({ ...message, sendId: entry.sendId }, signal))
      const guarded = () =>
        Promise.race([
          // Operators' providers may ignore the signal or throw.
          send().catch(
            (error: unknown): SendResult => ({ outcome: 'unknown', reason: `threw ${(error as Error)?.name}` }),
          ),
          expired,
        ])
      // A failure within such a short time does not count against the provider.
      const result = within < FAIR_TIME && breaker.mayTry() ? await guarded() : await breaker.run(guarded)
      return { ...result, sendId: entry.sendId, provider: provider.name, took: Math.round(performance.now() - start) }
    }

    const [first, ...others] = attempts
    if (signal.aborted) {
      const { sendId, provider } = first!.entry
      return { outcome: 'failed', reason: 'no time left', sendId, provider, took: 0 }
    }
    let last = await attempt(first!)
    for (const next of others) {
      if (last.outcome !== 'failed' || signal.aborted) return last
      const { sendId, reason, took } = last
      const handed = handOver({ sendId, provider: last.provider, status: 'failed', reason, took }, next.entry).then(
        () => true,
        () => false,
      )
      // The next provider is not called before the ledger has its entry.
      if (!(await Promise.race([handed, expired.then(() => false)]))) return last
      last = await attempt(next)
    }
    return last
  }
