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

/** How a caller wants a code delivered, and what it says of itself. */
export interface DeliveryOptions {
  channel?: Channel
  client?: Client
  /** The header of that name, as it came. */
  acceptLanguage?: string
  /** The solution of the `human_check` of an earlier answer. */
  humanCheck?: string
  /** The header of that name: a call that is repeated with it sends no second message. */
  idempotencyKey?: string
}

/** The dependencies of everything that opens a challenge or gives it another code. */
export interface IssueDeps extends HoldDeps, ScreenDeps {
  ledger: SendLedger
}

/** A challenge that waits for its answer, as the routes answer it. Durations are whole seconds. */
export interface OpenChallenge {
  pendingToken: string
  expiresIn: number
  factor: FactorName
  factors: FactorName[]
  /** Digits of the code that the user types, where it has a fixed number of them. */
  codeLength?: number
  /** As in `Begun`. */
  options?: Readonly<Record<string, unknown>>
  /** Where a message has gone. */
  delivery?: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number }
}

/** One challenge or code that is to be issued. */
export interface IssueRequest<S extends Issued> {
  factor: Factor
  /** Names of all factors of the account. */
  factors: FactorName[]
  claims: PendingClaims
  /** The server's half of the code's key. */
  pepper: Uint8Array
  /** What the factor begins from. */
  from: Omit<BeginRequest, 'hash' | 'enrolment' | 'acceptLanguage' | 'channel' | 'client'>
  wish: DeliveryOptions
  /** Whole seconds until another message may be sent. */
  resendIn: number
  request: IdempotentRequest | undefined
  asker: Asker
  /** Stores what was made, and says what holds it. Throws the caller's own refusals. */
  store(made: MadeCode): Promise<S | Held>
  /** Takes back what was stored: its message surely did not leave. */
  withdraw(stored: S): Promise<void>
  /** Returns the pending token of what is issued now. */
  token(stored: S): string
  /** Returns the one of a first call with the same key. */
  formerToken(first: Replay): string
}

/**
 * Makes the one way in which codes and other challenges are issued: a repeated call answered, the factor asked, the number
 * looked up, the guard passed, the challenge stored, the message handed over.
 *
 * Throws `resend_cooldown`, `rate_limited`, `forbidden` (a human check comes first), `destination_not_allowed`,
 * `sms_unavailable` and the problems of an `Idempotency-Key`.
 */
export const createIssue =
  (deps: IssueDeps) =>
  async <S extends Issued>(issue: IssueRequest<S>, context: RequestContext): Promise<OpenChallenge> => {
    const { factor, claims, pepper, from, wish, request, asker } = issue
    const { destination } = from

    const open = (
      pendingToken: string,
      { expiresIn, name = factor.name, options, delivery }: Shown,
    ): OpenChallenge => ({
      pendingToken,
      expiresIn,
      factor: name,
      factors: issue.factors,
      ...(name === factor.name && factor.codeLength !== undefined && { codeLength: factor.codeLength }),
      ...(options && { options }),
      ...(delivery && { delivery: { ...delivery, destination: factor.delivery?.mask(destination ?? '') ?? '' } }),
    })
    const again = (first: Replay) => open(issue.formerToken(first), { ...first, name: first.factor })
    const first = await findFirst(deps, request, context, asker)
    if (first) return again(first)

    const { hash, options, plan } = await factor.begin({
      ...from,
      channel: wish.channel,
      acceptLanguage: wish.acceptLanguage,
      client: wish.client,
      hash: (answer) => hashCode(pepper, claims, claims.key, answer),
      enrolment: () => deps.challenges.findEnrolment(claims.userId, factor.name),
    })
    const message = plan && { factor, plan, destination: destination!, resendIn: issue.resendIn }
    const guard = message && (await guardRequest(deps, message, wish.humanCheck, claims.purpose, context, asker))
    if (guard) assertTimeToSend(context)
    else assertTime(context)
    const send = plan && guard && { entry: plan.first, guard }
    const stored = await issue.store({ hash, options: options ?? null, send, request })
    if (stored.outcome !== 'issued') return again(await firstOrRefuse(deps, stored, request, context, asker))

    const withdraw = () => issue.withdraw(stored)
    const status = message && (await deliverCode({ ...deps, ...message, context, claims, withdraw }))
    return open(issue.token(stored), {
      expiresIn: stored.expiresIn,
      options: options ?? null,
      delivery: plan && status ? { channel: plan.channel, status, resendIn: stored.resendIn } : null,
    })
  }

/** What differs between an answer and its repetition. */
type Shown = Pick<Replay, 'expiresIn' | 'options' | 'delivery'> & { name?: FactorName }
