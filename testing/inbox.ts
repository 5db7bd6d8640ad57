import { setTimeout as sleep } from 'node:timers/promises'
import { canonicalPhone } from '../src/factors/sms/phone-number.ts'
import type { SentMessage } from '../src/providers/development/outbox.ts'

/** A message that a phone would have got. */
export interface ReceivedMessage {
  /** E.164. */
  to: string
  channel: 'sms' | 'voice' | 'whatsapp'
  /** The whole text, or what a voice says. */
  text: string
  /** The code in it; undefined for a notice, which has none. */
  code: string | undefined
  /** ISO 8601, by the clock of the instance. */
  sentAt: string
}

/** A message with a code. */
export type ReceivedCode = ReceivedMessage & { code: string }

/** All phones of a test at once. */
export interface Inbox {
  take(message: SentMessage): void
  /** What came to this number, oldest first. */
  to(phone: string): ReceivedMessage[]
  /** The newest code to this number that was given to nobody yet, now or when it comes; an error after `timeout` ms. */
  waitForCode(phone: string, timeout: number): Promise<ReceivedCode>
}

/** The number as messages have it. Throws for what is none. */
const normalise = (phone: string): string => {
  const number = canonicalPhone(phone)
  if (number === undefined) throw new Error(`"${phone}" is not a phone number. For example: +12025550100`)
  return number
}

/** Makes an empty inbox. */
export const createInbox = (): Inbox => {
  const messages: ReceivedMessage[] = []
  const givenOut = new Set<ReceivedMessage>()
  let waiting: (() => void)[] = []

  const all = (phone: string) => {
    const number = normalise(phone)
    return messages.filter(({ to }) => to === number)
  }

  const next = (phone: string): ReceivedCode | undefined => {
    const codes = all(phone).filter((message): message is ReceivedCode => message.code !== undefined)
    const newest = codes.at(-1)
    if (!newest || givenOut.has(newest)) return undefined
    // Those before it are dead by now.
    for (const message of codes) givenOut.add(message)
    return newest
  }

  /** What did and did not come, for whoever waited in vain. */
  const explain = (phone: string, timeout: number): Error => {
    const here = all(phone)
    const others = new Map<string, number>()
    for (const { to } of messages) if (to !== normalise(phone)) others.set(to, (others.get(to) ?? 0) + 1)
    const list = [...others].map(([to, count]) => `  ${to}: ${count}`)
    return new Error(
      [
        `No new code came to ${normalise(phone)} within ${timeout} ms.`,
        here.length === 0
          ? 'Nothing was ever sent to it.'
          : `Sent to it so far, each code given out already:\n${here.map(({ text, channel, sentAt }) => `  ${sentAt} ${channel}: ${text.replaceAll('\n', ' ')}`).join('\n')}`,
        list.length === 0 ? 'Nothing was sent to any other number.' : `Sent to other numbers:\n${list.join('\n')}`,
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
