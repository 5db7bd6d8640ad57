/** The ports of delivery: providers, the ledger, and the dispatcher that chooses among the providers. */
import type { ChallengeRef } from '../terms.ts'

/** The channels of codes, in the order in which one replaces another. */
export const CHANNELS = ['sms', 'voice', 'whatsapp'] as const

/** The way a code travels. */
export type Channel = (typeof CHANNELS)[number]

/**
 * The statuses of a message, in order; the last three are final. `queued` is recorded and not yet handed over,
 * `unknown` was handed over without an answer, `sent` was accepted by a provider. A receipt then reports `delivered`,
 * `undelivered` (the network or the phone did not take it) or `failed` (the provider did not send it).
 */
export const DELIVERY_STATUSES = ['queued', 'unknown', 'sent', 'delivered', 'undelivered', 'failed'] as const

/** The status of a message. */
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** A provider on one channel. */
export interface Carrier {
  provider: string
  channel: Channel
}

/** One send, as the ledger records it before the provider is called. Contains no text, code or complete number. */
export interface SendEntry extends Carrier {
  sendId: string
  /** ISO 3166-1; null for a number without a country. */
  country: string | null
  /** The number without its last four digits. */
  prefix: string
  /** HMAC-SHA-256 of the number (see `hashPhone`). */
  phoneHash: Buffer
  segments: number
  /** The estimated cost, in the currency of the settings; null when the price is unknown. */
  price: number | null
}

/** The result of a send. */
export interface SettledSend {
  sendId: string
  status: 'sent' | 'unknown' | 'failed'
  messageId?: string
  reason?: string
  /** The provider's response time, in whole ms. */
  took: number
}

/** The ledger of all sends. Each method is one atomic statement. */
export interface SendLedger {
  /** Closes an entry that certainly failed and opens the next one, which now carries the challenge's code. */
  handOver(ref: ChallengeRef, failed: SettledSend, next: SendEntry): Promise<void>
  /** Records the result of a send. A receipt that came before takes precedence. */
  settle(send: SettledSend): Promise<void>
  /** Records a notice about a completed challenge, outside all budgets. */
  enter(ref: ChallengeRef, send: SendEntry): Promise<void>
  /**
   * Moves an entry forward, never back, and only for 3 days. Returns true when it moved. When an account's current code
   * is `undelivered` or `failed`, its cooldown ends, at most `MOST_FREED_WAITS` times in a row.
   */
  receive(provider: string, receipt: Receipt): Promise<boolean>
}

/** The outcome of a message that was handed to a provider. */
export type SendResult =
  /** The provider accepted the message and will try to deliver it. */
  | { outcome: 'accepted'; messageId?: string }
  /** No provider can ever deliver to this number. Nothing was sent. */
  | { outcome: 'refused'; reason: string }
  /** This provider could not take the message; another may. Nothing was sent. */
  | { outcome: 'failed'; reason: string; retryAfter?: number }
  /** The message may or may not have been sent. Do not send it again without a new request. */
  | { outcome: 'unknown'; reason: string }

/** A message that carries a code, with texts for each channel; `channel` selects one. */
export interface CodeMessage {
  /** Identifies this send, the same on every attempt, for providers that drop duplicates, and in their receipts. */
  sendId: string
  channel: Channel
  /** E.164, with the plus. */
  to: string
  /** ASCII digits, for templates that the provider has approved (WhatsApp). */
  code: string
  /** The language of the texts, BCP 47: `pt-BR`. */
  locale: string
  /** The complete text message. */
  text: string
  /** The spoken phrases, with a pause of about a second after each. */
  speech: readonly string[]
  /** The language of the voice, BCP 47 with a region: `en-US`. */
  speechLocale: string
}

/** Sends messages through one provider. A `reason` never contains the text, the number or a credential. */
export interface Provider {
  readonly name: string
  /** The channels that the settings enable, `sms` first if it is one of them. */
  readonly channels: readonly Channel[]
  /** Hands over at most once. Never throws, and stops within 100 ms when `signal` aborts. */
  send(message: CodeMessage, signal: AbortSignal): Promise<SendResult>
  /** Reads a receipt, for providers that send them. Never throws. */
  readReceipt?(request: ReceiptRequest): ReceiptReading
}

/** A request that claims to be a provider's receipt. It is not trusted until its signature is verified. */
export interface ReceiptRequest {
  /** The public URL that it was sent to, with its query, which providers sign. */
  url: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  /** The raw body. */
  body: Buffer
  /** Unix time, ms. */
  now: number
}

/** A receipt about one message. At least one of the ids is present. */
export interface Receipt {
  /** Our send id, if the provider returns it. */
  sendId?: string
  messageId?: string
  status: 'sent' | 'delivered' | 'undelivered' | 'failed'
  /** The provider's error code, for investigations. */
  reason?: string
}

/** The outcome of reading a receipt. */
export type ReceiptReading =
  /** The provider's signature is valid. The list may be empty. */
  | { outcome: 'read'; receipts: Receipt[] }
  /** The signature is missing or invalid. */
  | { outcome: 'forged' }
  /** Signed, but more than 300 s ago or for another time. */
  | { outcome: 'stale' }
  /** Signed, but in an unknown form. */
  | { outcome: 'unreadable' }

/** A provider that offers the channel for a destination. */
export interface Candidate extends Carrier {
  /** Seconds until it may be tried again; 0 unless its circuit is open. */
  retryAfter: number
}

/** Chooses among all providers of this server, and sends. */
export interface Dispatcher {
  /** The channels of at least one provider, in the order of `CHANNELS`. */
  readonly channels: readonly Channel[]
  /** Returns the providers with the channel for this number, in the order in which they are tried. */
  candidates(destination: { phone: string; country: string | null; channel: Channel }): Candidate[]
  /** Returns the estimated cost; null when the price is unknown. */
  price(message: { country: string | null; channel: Channel; segments: number }): number | null
  /**
   * Hands the message to the provider of each entry in turn, within the given ms in total. The next provider is tried
   * only after a definite failure and a committed `handOver`. An unknown outcome ends the sending.
   */
  send(
    message: Omit<CodeMessage, 'sendId'>,
    entries: readonly SendEntry[],
    within: number,
    handOver: HandOver,
  ): Promise<Dispatched>
}

/** Closes a failed entry of the ledger and opens the next. */
export type HandOver = (failed: SettledSend & { provider: string }, next: SendEntry) => Promise<void>

/** The outcome of a message, its entry in the ledger, and the provider's response time in whole ms. */
export type Dispatched = SendResult & { sendId: string; provider: string; took: number }

/** The kinds of client that a text is for. Android apps may read the code by their own hash instead of the domain. */
export const CLIENTS = ['web', 'ios', 'android'] as const

/** A kind of client. */
export type Client = (typeof CLIENTS)[number]

/** The provider, channel and text of a message, decided before anything is stored. */
export interface SendPlan {
  channel: Channel
  /** The ledger entry that is recorded before the first provider is called. */
  first: SendEntry
  /** `applies` is true when the guard decides; `safe` is true for a number on the safe list. */
  guard: { applies: boolean; safe: boolean }
  /** Hands the message over within the given ms, as `Dispatcher.send` does. */
  deliver(within: number, handOver: HandOver): Promise<Dispatched>
}

/** An account change of which the user is notified. */
export type NoticeKind = 'phone_changed' | 'password_changed'
