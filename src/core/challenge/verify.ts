import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import { assertTime } from '../deadline.ts'
import { CHANNELS } from '../delivery/ports.ts'
import { callerOf, type Grant, grant, prepareDevice, prepareSession } from '../session/grant.ts'
import type { Authorized } from '../session/ports.ts'
import type { Tokens } from '../session/tokens.ts'
import type { FactorName, RequestContext } from '../terms.ts'
import { hashCode } from './code.ts'
import { type Factor, findDelivering, type Proof } from './factor.ts'
import type { ChallengeStore, Closed, GuessResult } from './ports.ts'

/** The dependencies of `Verify`. */
export interface VerifyDeps {
  challenges: ChallengeStore
  tokens: Tokens
  factors: readonly Factor[]
  journal: Journal
  /** Seconds for which a device is remembered. */
  deviceTtl: number
  /** Sends the notices that a change has stored. */
  notices: { deliver(context: RequestContext): void }
}

/** The input of step two. */
export interface VerifyInput {
  pendingToken: string
  /** As the user typed it. */
  code: string
  factor?: FactorName
  /** True to remember the device, whose token then replaces codes. */
  rememberDevice?: boolean
  /** The client's name for itself, shown in the lists of sessions and devices. */
  deviceName?: string
}

/** Exchanges a pending token and its code for a session; `change` is the session that changes its phone number. */
export type Verify = (input: VerifyInput, context: RequestContext, change?: Authorized) => Promise<Grant>

/** Returns the problem that explains to the holder of a pending token why its challenge is closed. */
export const closedProblem = (closed: Closed): Problem => {
  switch (closed.outcome) {
    case 'gone':
      return new Problem('challenge_invalid')
    case 'locked':
      return new Problem('factor_locked', { retryAfter: closed.retryAfter })
    case 'disabled':
      return new Problem('factor_disabled')
  }
}

/** The journal's events for completed purposes, in addition to `code_ok`. */
const DONE = { register: 'registered', phone: 'phone_changed' } as const

/**
 * Makes `Verify`, the second step of a login.
 *
 * The store counts, compares and spends in one statement, which also completes the challenge's purpose. Tokens are
 * signed only after its commit; an unknown outcome is `service_unavailable`, never a token. `change` is the account
 * that requested a new number: its challenge can be verified only there, and challenges of other purposes only
 * elsewhere.
 *
 * Throws `invalid_token`, `invalid_code`, `challenge_invalid`, `factor_locked`, `factor_disabled`; for a registration
 * `username_taken`, or `forbidden` when its invite was used up.
 */
export const createVerify = ({ challenges, tokens, factors, journal, deviceTtl, notices }: VerifyDeps): Verify => {
  const refuse = (
    guess: Exclude<GuessResult, { outcome: 'spent' }>,
    facts: Facts,
    context: RequestContext,
  ): Problem => {
    switch (guess.outcome) {
      case 'wrong':
        journal('code_wrong', context, { ...facts, attempts_left: guess.attemptsLeft })
        return new Problem('invalid_code', { attemptsLeft: guess.attemptsLeft })
      case 'unregistered':
        journal('registration_refused', context, { ...facts, reason: guess.reason })
        return guess.reason === 'name'
          ? new Problem('username_taken')
          : new Problem('forbidden', { required: 'invite', detail: 'The invite was used or has expired.' })
      default:
        journal('code_refused', context, { ...facts, reason: guess.outcome })
        return closedProblem(guess)
    }
  }

  return async (input, context, change) => {
    const { pepper, ...claims } = tokens.verifyPending(input.pendingToken)
    const isChange = claims.purpose === 'phone'
    if (isChange !== (change !== undefined) || (change && change.account.userId !== claims.userId)) {
      throw new Problem('invalid_token')
    }
    // Tokens of earlier versions name no factor; those versions had one factor.
    const name = input.factor ?? claims.factor ?? findDelivering(factors)?.name
    const factor = factors.find((one) => one.name === name)
    if (!factor) throw new Problem('challenge_invalid')
    const proof = await factor.answer({
      code: input.code,
      hash: (answer) => hashCode(pepper, claims, claims.key, answer),
      enrollment: () => challenges.findEnrollment(claims.userId, factor.name),
    })

    const { session, refreshToken } = prepareSession(callerOf(context, input.deviceName))
    const remembered = input.rememberDevice ? prepareDevice() : undefined
    assertTime(context)
    const guess = await challenges.guess({
      ...claims,
      factor: factor.name,
      proof: toComparable(proof),
      session,
      amr: amrOf(factor),
      device: remembered?.device,
      bySession: change?.sessionId,
    })
    const facts = { user_id: claims.userId, challenge_id: claims.challengeId, factor: factor.name }
    if (guess.outcome !== 'spent') throw refuse(guess, facts, context)

    const opened = { session_id: session.sessionId, device_id: remembered?.device.deviceId }
    journal('code_ok', context, { ...facts, ...opened })
    if (claims.purpose !== 'login') journal(DONE[claims.purpose], context, { ...facts, ...opened })
    if (isChange) notices.deliver(context)
    return grant(tokens, guess.session, refreshToken, remembered && { token: remembered.token, expiresIn: deviceTtl })
  }
}

type Facts = Record<string, string>

/**
 * Returns a proof that the store can compare; an empty one, which counts as a wrong answer, if its counter is not in the
 * range. The database would refuse such a counter, and the guess would not be counted.
 */
const toComparable = (proof: Proof): Proof => {
  const { counter } = proof
  return counter === undefined || (Number.isSafeInteger(counter) && counter >= 0) ? proof : {}
}

/** Returns the `amr` (RFC 8176) of both factors by the channel that the code came by; `none` when nothing was sent. */
const amrOf = (factor: Factor): Record<string, string[]> =>
  Object.fromEntries([null, ...CHANNELS].map((channel) => [channel ?? 'none', ['pwd', ...factor.amr(channel), 'mfa']]))
