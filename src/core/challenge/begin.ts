import { randomUUID } from 'node:crypto'
import type { Problem } from '../../errors.ts'
import { assertTimeToSend } from '../deadline.ts'
import { maskPhone } from '../delivery/phone.ts'
import type { Channel, DeliveryStatus, SendLedger } from '../delivery/ports.ts'
import type { PendingClaims, Tokens } from '../session/tokens.ts'
import type { Account, FactorName, PasswordAttempt, Purpose, RequestContext } from '../terms.ts'
import { hashCode, makeClientKey, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import type { CodeFactor } from './factor.ts'
import { clientKeyFrom, idempotentRequest, type RequestParts } from './idempotency.ts'
import { type DeliveryWish, findFirst, firstOrRefuse, guardRequest, type IssueDeps } from './issue.ts'
import { normalizePassword } from './password.ts'
import type { Replay } from './ports.ts'

/** What a challenge is begun with. */
export interface BeginDeps extends IssueDeps {
  ledger: SendLedger
  tokens: Tokens
  /** Digits of a code, 6 to 8. */
  codeLength: number
}

/** A challenge that waits for its code, as the routes answer it. Durations are whole seconds. */
export interface OpenChallenge {
  pendingToken: string
  expiresIn: number
  factor: FactorName
  factors: FactorName[]
  codeLength: number
  delivery: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number }
}

/** Who is to enter a code, where it goes and what for. */
export interface ChallengeWish extends DeliveryWish {
  purpose: Purpose
  account: Pick<Account, 'userId' | 'authEpoch' | 'locale' | 'resendIn' | 'factors'>
  factor: CodeFactor
  /** The number that the factor has, and the one that the code goes to: the same but where it is to be changed. */
  phone: string
  destination: string
  /** What the caller knows and no store does, for keys that are less random than they ought to be. */
  password: string
  /** What must be the same for a call to be the same call. */
  parts: RequestParts
  attempt?: PasswordAttempt
  bySession?: string
  /** What the caller is told when the account is no longer as it was read. */
  changed: () => Problem
}

/** How the journal calls a challenge that was opened. */
const BEGUN = { login: 'login_ok', register: 'registration_begun', phone: 'phone_change_begun' } as const

/**
 * The one way in which challenges are opened, whatever for: the guard asked, the code made, stored and sent.
 *
 * Throws `resend_cooldown`, `rate_limited`, `forbidden` (a human check comes first), `destination_not_allowed`,
 * `sms_unavailable`, the problems of an `Idempotency-Key`, and what `changed` makes. If the message surely did not leave,
 * nothing is used up: the former challenge lives on.
 */
export const createBegin = (deps: BeginDeps) => {
  const { challenges, ledger, tokens, journal, codeLength } = deps

  return async (wish: ChallengeWish, context: RequestContext): Promise<OpenChallenge> => {
    const { purpose, account, factor, phone, destination, channel, client, idempotencyKey } = wish
    const asker = { user_id: account.userId }
    const { id: secretId, pepper } = tokens.secret()
    const dated = { issuedAt: tokens.clock(), secretId }
    const request =
      idempotencyKey === undefined
        ? undefined
        : idempotentRequest(idempotencyKey, [purpose, ...wish.parts, channel, client], dated)
    const claimsFor = (challengeId: string, userId = account.userId): PendingClaims => ({
      userId,
      challengeId,
      purpose,
      key:
        idempotencyKey === undefined
          ? makeClientKey()
          : clientKeyFrom(idempotencyKey, challengeId, normalizePassword(wish.password)),
    })
    const common = { factor: factor.name, factors: account.factors.map(({ name }) => name), codeLength }
    const masked = maskPhone(destination)
    /** The answer of the first call, made again. */
    const again = (first: Replay): OpenChallenge => ({
      ...common,
      // A registration that is repeated is that of the first call.
      pendingToken: tokens.signPending(
        claimsFor(first.challengeId, first.userId),
        first.life,
        first.issuedAt,
        first.secretId,
      ),
      expiresIn: first.expiresIn,
      delivery: { channel: first.channel, destination: masked, status: first.delivery, resendIn: first.resendIn },
    })
    const first = await findFirst(deps, request, context, asker)
    if (first) return again(first)

    factor.assertAllowed(destination)
    const claims = claimsFor(randomUUID())
    const code = factor.fixedCode(destination) ?? makeCode(codeLength)
    const plan = factor.plan({
      phone: destination,
      code,
      channel,
      failed: [],
      locale: account.locale,
      acceptLanguage: wish.acceptLanguage,
      client,
    })
    const { resendIn } = account
    const message = { factor, phone: destination, plan, resendIn, answer: wish.humanCheck, purpose }
    const guard = await guardRequest(deps, message, context, asker)
    assertTimeToSend(context)
    const begun = await challenges.begin({
      ...claims,
      factor: factor.name,
      channel: plan.channel,
      phone,
      bySession: wish.bySession,
      authEpoch: account.authEpoch,
      codeHash: hashCode(pepper, claims, claims.key, code),
      send: plan.first,
      guard,
      attempt: wish.attempt,
      request,
    })
    if (begun.outcome === 'refused') throw wish.changed()
    if (begun.outcome !== 'begun') return again(await firstOrRefuse(deps, begun, request, context, asker))

    const status = await deliverCode({
      ledger,
      factor,
      plan,
      journal,
      context,
      claims,
      phone: destination,
      withdraw: () => challenges.withdrawBegin(claims, begun.undo),
    })
    journal(BEGUN[purpose], context, { ...asker, challenge_id: claims.challengeId })
    return {
      ...common,
      pendingToken: tokens.signPending(claims, begun.expiresIn, dated.issuedAt, secretId),
      expiresIn: begun.expiresIn,
      delivery: { channel: plan.channel, destination: masked, status, resendIn: begun.resendIn },
    }
  }
}
