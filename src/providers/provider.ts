import type { Static, TObject } from 'typebox'
import type { Channel, CodeMessage, Provider } from '../core/delivery/ports.ts'
import type { Exchange, Transport } from '../http-client/client.ts'

/** A message as a development provider keeps it. */
export interface KeptMessage {
  /** E.164. */
  to: string
  channel: Channel
  /** The text, or what the voice says. */
  body: string
  /** The code in it; empty for a notice, which has none. */
  code: string
}

/** What a provider may use besides its settings. */
export interface ProviderTools {
  /** Prints a line for the operator. */
  print: (line: string) => void
  /** Keeps a message where `GET /dev/outbox` finds it. */
  keep: (message: KeptMessage) => void
  /** Makes one request; see `Exchange`. */
  exchange: Exchange
  /** The wire below `exchange`, for a provider's own client. Throws what `interpretFault` understands. */
  transport: Transport
  /**
   * Where this provider's receipts reach us, `https://auth.example.com/webhooks/sms/NAME`; undefined when this server
   * has no public address, and then none are asked for.
   */
  receiptsUrl: string | undefined
  /** Returns the time: Unix time, ms. */
  now: () => number
}

/** One provider: its name in `SMS_PROVIDERS`, what it can do, the settings it needs, and how to make one. */
export interface ProviderDefinition<S extends TObject = TObject> {
  /** Lower case; also the start of its settings' names. */
  readonly name: string
  /** Whether phones ring: such a provider needs `SMS_COUNTRIES`, and only such a one may serve production. */
  readonly real: boolean
  /** The document its requests follow: a link, and the version or date of what was read. */
  readonly document?: { readonly url: string; readonly version: string }
  /** All channels it may have; which ones a server has depends on its settings. */
  readonly channels: readonly Channel[]
  /** How its receipts are signed, in a few words; undefined when it sends none. */
  readonly receipts?: string
  /** Where the send id travels so that the provider drops duplicates, in a few words; undefined when it cannot. */
  readonly idempotency?: string
  readonly settings: S
  /**
   * A request that the provider answers with a success to the right credentials, and with 401 to wrong ones, and that
   * changes and costs nothing; for `npx doorcode doctor`. Left out where none is known.
   */
  probe?(settings: Static<S>): { url: string; headers: Record<string, string> }
  create(settings: Static<S>, tools: ProviderTools): Provider | Promise<Provider>
}

/** Returns what the phone shows or says, for providers that only keep it. */
export const wordsOf = ({ channel, text, speech }: CodeMessage): string =>
  channel === 'voice' ? speech.join('\n') : text
