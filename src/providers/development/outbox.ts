import { Type } from 'typebox'
import { CHANNELS } from '../../core/delivery/ports.ts'
import { canonicalPhone } from '../../factors/sms/phone-number.ts'
import { defineProvider } from '../define-provider.ts'
import { type KeptMessage, wordsOf } from '../provider.ts'

/** A kept message and its time (ISO 8601). */
export type SentMessage = KeptMessage & { sentAt: string }

/** The latest messages, newest first. */
export interface Outbox {
  keep(message: KeptMessage): void
  /** Returns the messages to this number, or all messages; newest first. */
  find(to?: string): SentMessage[]
}

const CAPACITY = 1_000

/**
 * Makes an outbox of the latest 1,000 messages in memory. `now` returns Unix ms; `onKept` is called with each message.
 */
export const createOutbox = (now: () => number, onKept: (message: SentMessage) => void = () => {}): Outbox => {
  const messages: SentMessage[] = []
  return {
    keep(message) {
      const sent = { ...message, sentAt: new Date(now()).toISOString() }
      messages.unshift(sent)
      messages.length = Math.min(messages.length, CAPACITY)
      onKept(sent)
    },
    find(to) {
      const number = to === undefined ? undefined : canonicalPhone(to)
      return messages.filter((message) => to === undefined || message.to === number)
    },
  }
}

/** The development provider `outbox`, which keeps messages for integration tests instead of sending them. */
export const outboxProvider = defineProvider({
  name: 'outbox',
  real: false,
  channels: CHANNELS,
  settings: Type.Object({}),
  create: (_settings, { keep }) => ({
    name: 'outbox',
    channels: CHANNELS,
    async send(message) {
      const { to, channel, code } = message
      keep({ to, channel, body: wordsOf(message), code })
      return { outcome: 'accepted' }
    },
  }),
})
