import { type Carrier, CHANNELS, type Channel, type Dispatcher, type Provider } from '../core/delivery/ports.ts'
import { type Breaker, type BreakerOptions, type BreakerState, createBreakers } from './breakers.ts'
import { createFailover } from './failover.ts'
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
