import type { Static, TObject } from 'typebox'
import type { Channel, CodeMessage, Provider } from '../core/delivery/ports.ts'
import type { Exchange, Transport } from '../http-client/client.ts'

/** A message, as a development provider keeps it. */
export interface KeptMessage {
  /** E.164. */
  to: string
  channel: Channel
  /** The text, or the spoken phrases. */
  body: string
  /** The code in the message; empty for a notice. */
  code: string
}

/** The dependencies of a provider, in addition to its settings. */
export interface ProviderTools {
  /** Prints a line for the operator. */
  print: (line: string) => void
  /** Keeps a message for `GET /dev/outbox`. */
  keep: (message: KeptMessage) => void
  /** Sends one request; see `Exchange`. */
  exchange: Exchange
  /** The transport below `exchange`, for a provider's SDK. Throws errors that `interpretFault` interprets. */
  transport: Transport
  /**
   * The URL for this provider's receipts, `https://auth.example.com/webhooks/sms/NAME`. Undefined when this server has
   * no public URL; then no receipts are requested.
   */
  receiptsUrl: string | undefined
  /** Returns the Unix time in ms. */
  now: () => number
}

/** A provider: its name in `SMS_PROVIDERS`, its capabilities, its settings and its factory. */
export interface ProviderDefinition<S extends TObject = TObject> {
  /** The name in lower case. In capitals it is the prefix of its settings. */
  readonly name: string
  /** True if it sends real messages. Only such a provider may serve production, and it needs `SMS_COUNTRIES`. */
  readonly real: boolean
  /** The API document that its requests follow: a link, and its version or date. */
  readonly document?: { readonly url: string; readonly version: string }
  /** All channels it may have. The settings decide which of them a server has. */
  readonly channels: readonly Channel[]
  /** The signature of its receipts, in a few words; undefined when it sends none. */
  readonly receipts?: string
  /**
   * The field for the send id by which the provider drops duplicates, in a few words; undefined without such a field.
   */
  readonly idempotency?: string
  readonly settings: S
  /**
   * Returns a free request without effects for `npx doorcode doctor`. The provider must answer with a success to valid
   * credentials, and with 401 to invalid ones. Undefined when no such request is known.
   */
  probe?(settings: Static<S>): { url: string; headers: Record<string, string> }
  create(settings: Static<S>, tools: ProviderTools): Provider | Promise<Provider>
}

/** Returns the text or the spoken phrases of a message, for development providers. */
export const wordsOf = ({ channel, text, speech }: CodeMessage): string =>
  channel === 'voice' ? speech.join('\n') : text
