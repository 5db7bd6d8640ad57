import type { Carrier, Channel, Client, NoticeKind, SendPlan } from '../delivery/ports.ts'
import type { FactorName } from '../terms.ts'

/** A second factor whose code we make and a message carries to the user. */
export interface CodeFactor {
  readonly name: FactorName
  /** What it adds to `amr` (RFC 8176) when the code came by this channel. */
  amr(channel: Channel): readonly string[]
  /** What some company of this server has. */
  readonly channels: readonly Channel[]
  /** The one spelling, E.164, of a number as it was written. Throws `validation_failed` for other text. */
  readPhone(written: string): string
  /** Throws `destination_not_allowed` where no code may be sent to. */
  assertAllowed(phone: string): void
  /** The code that this number always gets: for scenario numbers alone. */
  fixedCode(phone: string): string | undefined
  /**
   * Plans one code. Carriers in `failed` come last, and when a channel that nobody asked for has no other, the next
   * channel takes over. Throws `destination_not_allowed` when no company has the channel there, and `sms_unavailable`
   * when every one that has is known to be down.
   */
  plan(wish: {
    phone: string
    code: string
    /** The one that was asked for. */
    channel: Channel | undefined
    /** The one to begin with when none was asked for. */
    formerChannel?: Channel
    failed: readonly Carrier[]
    locale: string | null
    acceptLanguage: string | undefined
    client: Client | undefined
  }): SendPlan
  /** Plans a text message about a change of an account; undefined when no provider has text messages. */
  planNotice(notice: { kind: NoticeKind; phone: string; locale: string | null }): SendPlan | undefined
}
