import { assertTime, assertTimeToSend } from '../deadline.ts'
import type { Channel, Client, DeliveryStatus, SendLedger } from '../delivery/ports.ts'
import type { PendingClaims } from '../session/tokens.ts'
import type { FactorName, RequestContext } from '../terms.ts'
import { hashCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import type { BeginRequest, Factor } from './factor.ts'
import { type Asker, findFirst, firstOrRefuse, type HoldDeps } from './held.ts'
import type { Held, IdempotentRequest, Issued, MadeCode, Replay } from './ports.ts'
import { guardRequest, type ScreenDeps } from './screen.ts'

/** The caller's options for the delivery of a code, and the caller's claims about itself. */
export interface DeliveryOptions {
  channel?: Channel
  client?: Client
  /** The value of the `Accept-Language` header. */
  acceptLanguage?: string
  /** The solution of the `human_check` of a previous response. */
  humanCheck?: string
  /** The value of the `Idempotency-Key` header. A call that is repeated with it sends no second message. */
  idempotencyKey?: string
}

/** The dependencies of `createIssue`. */
export interface IssueDeps extends HoldDeps, ScreenDeps {
  ledger: SendLedger
  /** All factors: a repeated call answers for the factor of the first one. */
  factors: readonly Factor[]
}

/** A challenge that waits for its answer, as the routes return it. Durations are whole seconds. */
export interface OpenChallenge {
  pendingToken: string
  expiresIn: number
  factor: FactorName
  factors: FactorName[]
  /** Digits of the code that the user types, when the number is fixed. */
  codeLength?: number
  /** As in `Begun`. */
  options?: Readonly<Record<string, unknown>>
  /** The message that was sent. */
  delivery?: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number }
}

/** A challenge or code to issue. */
export interface IssueRequest<S extends Issued> {
  factor: Factor
  /** The names of all factors of the account. */
  factors: FactorName[]
  claims: PendingClaims
  /** The server's half of the code's key. */
  pepper: Uint8Array
  /** The input of the factor's `begin`. */
  from: Omit<BeginRequest, 'hash' | 'enrollment' | 'acceptLanguage' | 'channel' | 'client'>
  deliveryOptions: DeliveryOptions
  /** Whole seconds until another message may be sent. */
  resendIn: number
  request: IdempotentRequest | undefined
  asker: Asker
  /** Stores the challenge or code. Returns the reason when it is held back. Throws the caller's own refusals. */
  store(made: MadeCode): Promise<S | Held>
  /** Withdraws a stored challenge or code whose send certainly failed. */
  withdraw(stored: S): Promise<void>
  /** Returns the pending token of the new challenge. */
  token(stored: S): string
  /** Returns the pending token of a first call with the same key. */
  formerToken(first: Replay): string
}

/**
 * Makes the one function that issues challenges and codes. It answers repeated calls, asks the factor, looks up the
 * number, passes the guard, stores the challenge and sends the message, in this order.
 *
 * Throws `resend_cooldown`, `rate_limited`, `forbidden` (a human check comes first), `destination_not_allowed`,
 * `sms_unavailable` and the problems of an `Idempotency-Key`.
 */
export const createIssue =
  (deps: IssueDeps) =>
  async <S extends Issued>(issue: IssueRequest<S>, context: RequestContext): Promise<OpenChallenge> => {
    const { factor, claims, pepper, from, deliveryOptions, request, asker } = issue
    const { destination } = from

    const open = (pendingToken: string, { expiresIn, factor: name, options, delivery }: Shown): OpenChallenge => {
      const { codeLength, delivery: sender } = deps.factors.find((one) => one.name === name) ?? {}
      return {
        pendingToken,
        expiresIn,
        factor: name,
        factors: issue.factors,
        ...(codeLength !== undefined && { codeLength }),
        ...(options && { options }),
        ...(delivery && { delivery: { ...delivery, destination: sender?.mask(delivery.destination) ?? '' } }),
      }
    }
    const again = (first: Replay) => open(issue.formerToken(first), first)
    const first = await findFirst(deps, request, context, asker)
    if (first) return again(first)

    const { hash, options, plan } = await factor.begin({
      ...from,
      channel: deliveryOptions.channel,
      acceptLanguage: deliveryOptions.acceptLanguage,
      client: deliveryOptions.client,
      hash: (answer) => hashCode(pepper, claims, claims.key, answer),
      enrollment: () => deps.challenges.findEnrollment(claims.userId, factor.name),
    })
    const message = plan && { factor, plan, destination: destination!, resendIn: issue.resendIn }
    const guard =
      message && (await guardRequest(deps, message, deliveryOptions.humanCheck, claims.purpose, context, asker))
    if (guard) assertTimeToSend(context)
    else assertTime(context)
    const send = plan && guard && { entry: plan.first, guard }
    const stored = await issue.store({ hash, options: options ?? null, send, request })
    if (stored.outcome !== 'issued') return again(await firstOrRefuse(deps, stored, request, context, asker))

    const withdraw = () => issue.withdraw(stored)
    const status = message && (await deliverCode({ ...deps, ...message, context, claims, withdraw }))
    return open(issue.token(stored), {
      expiresIn: stored.expiresIn,
      factor: factor.name,
      options: options ?? null,
      delivery:
        message && status
          ? { channel: message.plan.channel, destination: message.destination, status, resendIn: stored.resendIn }
          : null,
    })
  }

/** The parts in which a response and its repetition differ. */
type Shown = Pick<Replay, 'factor' | 'expiresIn' | 'options' | 'delivery'>
