/**
 * The ports of delivery: what the flow asks of companies and their ledger, and what companies say to it. Known to the
 * flow as a part of `ports.ts`.
 */
import type { ChallengeRef } from '../terms.ts'

/** The ways a code can travel, in the order in which one takes over for another. */
export const CHANNELS = ['sms', 'voice', 'whatsapp'] as const

/** A way a code can travel. */
export type Channel = (typeof CHANNELS)[number]

/**
 * How far a message may come, in the order in which it moves; the last three are ends. `queued` is in the ledger and
 * not yet handed over, `unknown` handed over with no answer, `sent` taken by a company; then the receipt says
 * `delivered`, `undelivered` (the network or the phone did not take it) or `failed` (the company did not send it).
 */
export const DELIVERY_STATUSES = ['queued', 'unknown', 'sent', 'delivered', 'undelivered', 'failed'] as const

/** How far a message has come. */
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/** A company and the channel it is used by. */
export interface Carrier {
  provider: string
  channel: Channel
}

/** One hand-over to a company, as the ledger has it before the company is called. No text, code or number is in it. */
export interface SendEntry extends Carrier {
  sendId: string
  /** ISO 3166-1; null for a number of no country. */
  country: string | null
  /** The number without its last four digits. */
  prefix: string
  /** HMAC-SHA-256 of the number (see `hashPhone`). */
  phoneHash: Buffer
  segments: number
  /** The estimated cost, in the currency of the settings; null where no price is known. */
  price: number | null
}

/** What became of a hand-over. */
export interface SettledSend {
  sendId: string
  status: 'sent' | 'unknown' | 'failed'
  messageId?: string
  reason?: string
  /** How long the company took to answer, in whole ms. */
  took: number
}

/** The ledger of everything that was handed to a company. Each method is one atomic statement. */
export interface SendLedger {
  /** Closes an entry that surely failed and opens the next one, which now carries the challenge's code. */
  handOver(ref: ChallengeRef, failed: SettledSend, next: SendEntry): Promise<void>
  /** Records what became of a hand-over; a receipt that came before it stands. */
  settle(send: SettledSend): Promise<void>
  /** Enters a notice about a challenge that is over, in no budget. */
  enter(ref: ChallengeRef, send: SendEntry): Promise<void>
  /**
   * Moves an entry forward, never back, and only for 3 days; true when it moved. When the live code of an account is
   * `undelivered` or `failed`, its cooldown ends, `MOST_FREED_WAITS` times in a row at most.
   */
  receive(provider: string, receipt: Receipt): Promise<boolean>
}

/** What became of a message that was handed to a delivery company. */
export type SendResult =
  /** The company has it and will try to deliver. */
  | { outcome: 'accepted'; messageId?: string }
  /** This number will never get it, from any company. Nothing was sent. */
  | { outcome: 'refused'; reason: string }
  /** This company could not take it; another one may. Nothing was sent. */
  | { outcome: 'failed'; reason: string; retryAfter?: number }
  /** It may or may not have been sent: never send again unasked. */
  | { outcome: 'unknown'; reason: string }

/** One message that carries a code, worded for each channel; which one it travels by says `channel`. */
export interface CodeMessage {
  /** Identifies this hand-over: the same on every try, for companies that drop duplicates, and in their receipts. */
  sendId: string
  channel: Channel
  /** E.164, with the plus. */
  to: string
  /** ASCII digits: what a template that the company has approved (WhatsApp) is filled with. */
  code: string
  /** BCP 47, of the texts: `pt-BR`. */
  locale: string
  /** The whole text message. */
  text: string
  /** What a voice says: phrases, with a pause of about a second after each. */
  speech: readonly string[]
  /** BCP 47 with a region, of the voice: `en-US`. */
  speechLocale: string
}

/** Hands messages to one delivery company. `reason`s never hold the text, the number or a credential. */
export interface Provider {
  readonly name: string
  /** What its settings make possible, `sms` first where it is. */
  readonly channels: readonly Channel[]
  /** Never throws and gives up within 100 ms when `signal` aborts; hands over once at most. */
  send(message: CodeMessage, signal: AbortSignal): Promise<SendResult>
  /** Reads a receipt, for companies that send some. Never throws. */
  readReceipt?(request: ReceiptRequest): ReceiptReading
}

/** A request that says it is a company's receipt; nothing in it is to be believed yet. */
export interface ReceiptRequest {
  /** The public address it was sent to, with its query: companies sign it. */
  url: string
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>
  /** The raw body. */
  body: Buffer
  /** Unix time, ms. */
  now: number
}

/** What a receipt says of one message. At least one of the ids is there. */
export interface Receipt {
  /** Our own id, where the company gives it back. */
  sendId?: string
  messageId?: string
  status: 'sent' | 'delivered' | 'undelivered' | 'failed'
  /** The company's error code, for whoever asks why. */
  reason?: string
}

/** What became of reading a receipt. */
export type ReceiptReading =
  /** The company signed it; it may well report nothing of interest. */
  | { outcome: 'read'; receipts: Receipt[] }
  /** The signature is missing or not the company's. */
  | { outcome: 'forged' }
  /** Signed, but more than 300 s ago or for another moment. */
  | { outcome: 'stale' }
  /** Signed, and in no form that we know. */
  | { outcome: 'unreadable' }

/** A company that has the channel for a destination. */
export interface Candidate extends Carrier {
  /** Seconds until it may be tried again; 0 unless it is known to be down. */
  retryAfter: number
}

/** Every company of this server, and the way through them. */
export interface Dispatcher {
  /** What at least one company has, in the order of `CHANNELS`. */
  readonly channels: readonly Channel[]
  /** Those that have the channel for this number, in the order in which they are tried. */
  candidates(destination: { phone: string; country: string | null; channel: Channel }): Candidate[]
  /** The estimated cost; null where no price is known. */
  price(message: { country: string | null; channel: Channel; segments: number }): number | null
  /**
   * Hands the message to the company of each entry in turn, within so many ms in all. The next one is tried only after
   * a definite failure and once `handOver` has committed; an unknown outcome ends the sending.
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

/** What became of a message, under which entry, and how long that company took in whole ms. */
export type Dispatched = SendResult & { sendId: string; provider: string; took: number }

/** The kind of client a text is for: Android apps may read it by their own hash instead of the domain. */
export const CLIENTS = ['web', 'ios', 'android'] as const

/** A kind of client. */
export type Client = (typeof CLIENTS)[number]

/** Who carries a code and in which words, decided before anything is stored. */
export interface SendPlan {
  channel: Channel
  /** What the ledger has before the first company is called. */
  first: SendEntry
  /** Whether the guard is asked, and whether the number is on its safe list. */
  guard: { applies: boolean; safe: boolean }
  /** Hands the message over within so many ms, as `Dispatcher.send` does. */
  deliver(within: number, handOver: HandOver): Promise<Dispatched>
}

/** A change of an account that its user gets a notice of. */
export type NoticeKind = 'phone_changed' | 'password_changed'
