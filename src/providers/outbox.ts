import { Type } from 'typebox'
import { CHANNELS } from '../core/ports.ts'
import { defineProvider, type KeptMessage, wordsOf } from './provider.ts'

/** Messages of the last while, newest first. */
export interface Outbox {
  keep(message: KeptMessage): void
  /** The messages to this number, newest first. */
  find(to: string): KeptMessage[]
}

const CAPACITY = 1_000

/** Keeps the latest 1,000 messages in memory. */
export const createOutbox = (): Outbox => {
  const messages: KeptMessage[] = []
  return {
    keep(message) {
      messages.unshift(message)
      messages.length = Math.min(messages.length, CAPACITY)
    },
    find: (to) => messages.filter((message) => message.to === to),
  }
}

/** Keeps messages instead of sending them: for the integration tests of other people's programs. */
export const outboxProvider = defineProvider({
  name: 'outbox',
  real: false,
  channels: CHANNELS,
  settings: Type.Object({}),
  create: (_settings, { keep }) => ({
    name: 'outbox',
    channels: CHANNELS,
    async send(message) {
      const { to, channel } = message
      keep({ to, channel, body: wordsOf(message), sentAt: new Date().toISOString() })
      return { outcome: 'accepted' }
    },
  }),
})
