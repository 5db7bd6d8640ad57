import { randomUUID } from 'node:crypto'
import type { Problem } from '../../errors.ts'
import type { PendingClaims, Tokens } from '../session/tokens.ts'
import type { Account, PasswordAttempt, Purpose, RequestContext } from '../terms.ts'
import { makeClientKey } from './code.ts'
import type { Factor } from './factor.ts'
import { clientKeyFrom, idempotentRequest, type RequestParts } from './idempotency.ts'
import { createIssue, type DeliveryOptions, type IssueDeps, type OpenChallenge } from './issue.ts'
import { normalizePassword } from './password.ts'

/** What a challenge is begun with. */
export interface BeginDeps extends IssueDeps {
  tokens: Tokens
}

/** The user who is to prove a factor, and what for. */
export interface ChallengeWish extends DeliveryOptions {
  purpose: Purpose
  account: Pick<Account, 'userId' | 'authEpoch' | 'locale' | 'resendIn' | 'factors'>
  factor: Factor
  /** The destination that the factor has, and the one that the code goes to: the same but where it is to be changed. */
  enrolled: string | null
  destination: string | null
  /** A secret that the caller knows and no store does, for keys that are less random than they ought to be. */
  password: string
  /** What must be the same for a call to be the same call. */
  parts: RequestParts
  attempt?: PasswordAttempt
  bySession?: string
  /** Makes the problem that is thrown when the account is no longer as it was read. */
  changed: () => Problem
}

/** Opens a challenge. */
export type Begin = (wish: ChallengeWish, context: RequestContext) => Promise<OpenChallenge>

/** How the journal calls a challenge that was opened. */
const BEGUN = { login: 'login_ok', register: 'registration_begun', phone: 'phone_change_begun' } as const

/**
 * Makes the one way in which challenges are opened, for every purpose and factor. Throws what `createIssue` throws, and
 * what `changed` makes. If the message surely did not leave, nothing is used up: the former challenge lives on.
 */
export const createBegin = (deps: BeginDeps): Begin => {
  const { challenges, tokens, journal } = deps
  const issue = createIssue(deps)

  return (wish, context) => {
    const { purpose, account, factor, destination, channel, client, idempotencyKey } = wish
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
          : clientKeyFrom(idempotencyKey, challengeId, normalizePassword(wish.password)),
    })
    const claims = claimsOf(randomUUID(), account.userId, factor.name)

    return issue(
      {
        factor,
        factors: account.factors.map(({ name }) => name),
        claims,
        pepper,
        from: { destination, formerChannel: undefined, failed: [], locale: account.locale },
        wish,
        resendIn: account.resendIn,
        request:
          idempotencyKey === undefined
            ? undefined
            : idempotentRequest(idempotencyKey, [purpose, ...wish.parts, channel, client], dated),
        asker,
        async store(made) {
          const begun = await challenges.begin({
            ...claims,
            ...made,
            factor: factor.name,
            destination: wish.enrolled,
            bySession: wish.bySession,
            authEpoch: account.authEpoch,
            attempt: wish.attempt,
          })
          if (begun.outcome === 'refused') throw wish.changed()
          return begun
        },
        withdraw: ({ undo }) => challenges.withdrawBegin(claims, undo),
        token({ expiresIn }) {
          journal(BEGUN[purpose], context, { ...asker, challenge_id: claims.challengeId })
          return tokens.signPending(claims, expiresIn, dated.issuedAt, secretId)
        },
        // A registration that is repeated is that of the first call.
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
