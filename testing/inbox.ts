import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalPhone } from '../src/factors/sms/phone-number.ts'
import type { SentMessage } from '../src/providers/development/outbox.ts'

/** A message to a phone. */
export interface ReceivedMessage {
  /** The number in E.164. */
  to: string
  channel: 'sms' | 'voice' | 'whatsapp'
  /** The whole text, or the spoken text of a call. */
  text: string
  /** The code; undefined for a notice. */
  code: string | undefined
  /** Time in ISO 8601, by the clock of the instance. */
  sentAt: string
}

/** A message with a code. */
export type ReceivedCode = ReceivedMessage & { code: string }

/** The messages to all phones of a test. */
export interface Inbox {
  take(message: SentMessage): void
  /** Returns the messages to this number, oldest first. */
  to(phone: string): ReceivedMessage[]
  /** Resolves to the newest unread code to this number, now or when it arrives. Rejects after `timeout` ms. */
  waitForCode(phone: string, timeout: number): Promise<ReceivedCode>
}

/** Returns the number in E.164. Throws for other text. */
const normalize = (phone: string): string => {
  const number = canonicalPhone(phone)
  if (number === undefined) throw new Error(`"${phone}" is not a phone number. For example: +12025550100`)
  return number
}

/** Creates an empty inbox. */
export const createInbox = (): Inbox => {
  const messages: ReceivedMessage[] = []
  const read = new Set<ReceivedMessage>()
  let waiting: (() => void)[] = []

  const all = (phone: string) => {
    const number = normalize(phone)
    return messages.filter(({ to }) => to === number)
  }

  const next = (phone: string): ReceivedCode | undefined => {
    const codes = all(phone).filter((message): message is ReceivedCode => message.code !== undefined)
    const newest = codes.at(-1)
    if (!newest || read.has(newest)) return undefined
    // Earlier codes are invalid by now.
    for (const message of codes) read.add(message)
    return newest
  }

  /** Creates an error that lists the messages received so far. */
  const explain = (phone: string, timeout: number): Error => {
    const here = all(phone)
    const others = new Map<string, number>()
    for (const { to } of messages) if (to !== normalize(phone)) others.set(to, (others.get(to) ?? 0) + 1)
    const list = [...others].map(([to, count]) => `  ${to}: ${count}`)
    return new Error(
      [
        `No new code arrived for ${normalize(phone)} within ${timeout} ms.`,
        here.length === 0
          ? 'No message was sent to it.'
          : `Messages to it so far, with codes that were already read:\n${here.map(({ text, channel, sentAt }) => `  ${sentAt} ${channel}: ${text.replaceAll('\n', ' ')}`).join('\n')}`,
        list.length === 0 ? 'No message was sent to other numbers.' : `Messages to other numbers:\n${list.join('\n')}`,
      ].join('\n'),
    )
  }

  return {
    take({ to, channel, body, code, sentAt }) {
      messages.push({ to, channel, text: body, code: code || undefined, sentAt })
      const woken = waiting
      waiting = []
      for (const wake of woken) wake()
    },
    to: all,
    async waitForCode(phone, timeout) {
      const late = new AbortController()
      const end = sleep(timeout, 'late', { signal: late.signal }).catch(() => 'late')
      try {
        for (;;) {
          const found = next(phone)
          if (found) return found
          const came = new Promise<string>((resolve) => waiting.push(() => resolve('came')))
          if ((await Promise.race([came, end])) === 'late') throw explain(phone, timeout)
        }
      } finally {
        late.abort()
      }
    },
  }
}
