import { randomUUID } from 'node:crypto'
import type { Problem } from '../../errors.ts'
import type { PendingClaims, Tokens } from '../session/tokens.ts'
import type { Account, PasswordAttempt, Purpose, RequestContext } from '../terms.ts'
import { makeClientKey } from './code.ts'
import type { Factor } from './factor.ts'
import { clientKeyFrom, idempotentRequest, type RequestParts } from './idempotency.ts'
import { createIssue, type DeliveryOptions, type IssueDeps, type OpenChallenge } from './issue.ts'
import { normalizePassword } from './password.ts'

/** The dependencies of `Begin`. */
export interface BeginDeps extends IssueDeps {
  tokens: Tokens
}

/** A request to open a challenge: the user, the factor and the purpose. */
export interface ChallengeRequest extends DeliveryOptions {
  purpose: Purpose
  account: Pick<Account, 'userId' | 'authEpoch' | 'locale' | 'resendIn' | 'factors'>
  factor: Factor
  /** The enrolled destination, and the one that the code goes to. They differ only when the destination is changed. */
  enrolled: string | null
  destination: string | null
  /** The password, which no store has. It strengthens client keys that are derived from a weak Idempotency-Key. */
  password: string
  /** The values that must be equal in a repeated call. */
  parts: RequestParts
  attempt?: PasswordAttempt
  bySession?: string
  /** Makes the problem to throw when the account has changed since it was read. */
  changed: () => Problem
}

/** Opens a challenge. */
export type Begin = (request: ChallengeRequest, context: RequestContext) => Promise<OpenChallenge>

/** The journal's events for opened challenges. */
const BEGUN = { login: 'login_ok', register: 'registration_begun', phone: 'phone_change_begun' } as const

/**
 * Makes the one function that opens challenges, for every purpose and factor. Throws what `createIssue` throws, and the
 * problem of `changed`. If the send certainly failed, the previous challenge and its limits are restored.
 */
export const createBegin = (deps: BeginDeps): Begin => {
  const { challenges, tokens, journal } = deps
  const issue = createIssue(deps)

  return (begin, context) => {
    const { purpose, account, factor, destination, channel, client, idempotencyKey } = begin
    const asker = { user_id: account.userId }
    const { id: secretId, pepper } = tokens.secret()
    const dated = { issuedAt: tokens.clock(), secretId }
    const claimsOf = (challengeId: string, userId: string, factorName: string): PendingClaims => ({
      userId,
      challengeId,
      purpose,
      factor: factorName,
      key:
        idempotencyKey === undefined
          ? makeClientKey()
          : clientKeyFrom(idempotencyKey, challengeId, normalizePassword(begin.password)),
    })
    const claims = claimsOf(randomUUID(), account.userId, factor.name)

    return issue(
      {
        factor,
        factors: account.factors.map(({ name }) => name),
        claims,
        pepper,
        from: { destination, formerChannel: undefined, failed: [], locale: account.locale },
        deliveryOptions: begin,
        resendIn: account.resendIn,
        request:
          idempotencyKey === undefined
            ? undefined
            : idempotentRequest(idempotencyKey, [purpose, ...begin.parts, channel, client], dated),
        asker,
        async store(made) {
          const begun = await challenges.begin({
            ...claims,
            ...made,
            factor: factor.name,
            destination: begin.enrolled,
            bySession: begin.bySession,
            authEpoch: account.authEpoch,
            attempt: begin.attempt,
          })
          if (begun.outcome === 'refused') throw begin.changed()
          return begun
        },
        withdraw: ({ undo }) => challenges.withdrawBegin(claims, undo),
        token({ expiresIn }) {
          journal(BEGUN[purpose], context, { ...asker, challenge_id: claims.challengeId })
          return tokens.signPending(claims, expiresIn, dated.issuedAt, secretId)
        },
        // A repeated registration continues that of the first call.
        formerToken: (first) =>
          tokens.signPending(
            claimsOf(first.challengeId, first.userId, first.factor),
            first.life,
            first.issuedAt,
            first.secretId,
          ),
      },
      context,
    )
  }
}
