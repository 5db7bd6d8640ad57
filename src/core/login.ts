import { randomUUID } from 'node:crypto'
import { Problem } from '../errors.ts'
import { attemptKeys } from './attempts.ts'
import { hashCode, makeClientKey, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import { clientKeyFrom, idempotentRequest } from './idempotency.ts'
import { type DeliveryWish, guardRequest, type IssueDeps, replayOrRefuse } from './issue.ts'
import { maskPhone } from './mask.ts'
import { normalizePassword } from './password.ts'
import type {
  Account,
  AccountStore,
  Channel,
  CodeFactor,
  DeliveryStatus,
  FactorName,
  PasswordVerifier,
  PendingClaims,
  RequestContext,
  SendLedger,
  Tokens,
} from './ports.ts'
import { usernameKey } from './username.ts'

/** What the flow is made of. */
export interface FlowDeps extends IssueDeps {
  accounts: AccountStore
  ledger: SendLedger
  passwords: PasswordVerifier
  tokens: Tokens
  factors: readonly CodeFactor[]
  /** Digits of a code, 6 to 8. */
  codeLength: number
  /** The key that tries of passwords are counted under. */
  attemptKey: Uint8Array
  /** Resolves after so many ms. */
  wait: (ms: number) => Promise<unknown>
}

/** A challenge that waits for its code, as `/login` and `/resend` answer it. Durations are whole seconds. */
export interface OpenChallenge {
  pendingToken: string
  expiresIn: number
  factor: FactorName
  factors: FactorName[]
  codeLength: number
  delivery: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number }
}

/** The first factor of an account that can be used now, among those this server offers. */
const chooseFactor = (account: Account, factors: readonly CodeFactor[]) => {
  for (const enrolled of account.factors) {
    const factor = factors.find(({ name }) => name === enrolled.name)
    if (factor && enrolled.usable && enrolled.phone !== null) return { factor, phone: enrolled.phone }
  }
  return undefined
}

/**
 * Step one: a user name and a password become a pending token and a code on its way.
 *
 * Throws `rate_limited` when this address has tried too many passwords for this name, whether or not anybody has it, and
 * `invalid_credentials` alike for an unknown user, a wrong password and an account that is disabled, locked or without a
 * second factor. Only after a right password `resend_cooldown`, `rate_limited`, `forbidden` (a human check comes first),
 * `destination_not_allowed`, `sms_unavailable` and the problems of an `Idempotency-Key`. If the message surely did not
 * leave, nothing is used up: the former challenge lives on.
 */
export const createLogin = (deps: FlowDeps) => {
  const { accounts, challenges, ledger, passwords, tokens, factors, journal, codeLength, attemptKey, wait } = deps

  /** The account whose password this is, and the factor to go on with. */
  const authenticate = async (username: string, password: string, context: RequestContext) => {
    const attempt = attemptKeys(attemptKey, username, context)
    const { account, retryAfter, delay } = await accounts.findForLogin(username, attempt)
    if (retryAfter !== null) {
      journal('login_throttled', context, { user_id: account?.userId, retry_after: retryAfter })
      throw new Problem('rate_limited', { retryAfter })
    }
    if (delay > 0) await wait(delay)
    const passwordIsRight = await passwords.verify(account?.passwordHash ?? null, password)
    const chosen = account && !account.disabled ? chooseFactor(account, factors) : undefined
    if (!account || !passwordIsRight || !chosen) {
      await accounts.countFailure(attempt)
      journal('login_failed', context, {
        user_id: account?.userId,
        password_ok: account ? passwordIsRight : undefined,
      })
      throw new Problem('invalid_credentials')
    }
    const stronger = await passwords.upgrade(account.passwordHash!, password)
    if (stronger) await accounts.upgradePasswordHash(account.userId, account.passwordHash!, stronger)
    return { account, attempt, ...chosen }
  }

  return async (
    input: { username: string; password: string } & DeliveryWish,
    context: RequestContext,
  ): Promise<OpenChallenge> => {
    const { channel, client, idempotencyKey } = input
    const username = usernameKey(input.username)
    const password = normalizePassword(input.password)
    const { account, attempt, factor, phone } = await authenticate(username, input.password, context)
    const { userId } = account
    factor.assertAllowed(phone)

    const issuedAt = tokens.clock()
    const request =
      idempotencyKey === undefined
        ? undefined
        : idempotentRequest(idempotencyKey, ['login', username, channel, client], issuedAt)
    const claimsFor = (challengeId: string): PendingClaims => ({
      userId,
      challengeId,
      purpose: 'login',
      key: idempotencyKey === undefined ? makeClientKey() : clientKeyFrom(idempotencyKey, challengeId, password),
    })
    const claims = claimsFor(randomUUID())
    const code = factor.fixedCode(phone) ?? makeCode(codeLength)
    const plan = factor.plan({
      phone,
      code,
      channel,
      failed: [],
      locale: account.locale,
      acceptLanguage: input.acceptLanguage,
      client,
    })
    const begun = await challenges.begin({
      ...claims,
      factor: factor.name,
      channel: plan.channel,
      phone,
      authEpoch: account.authEpoch,
      codeHash: hashCode(tokens.pepper, claims, claims.key, code),
      send: plan.first,
      guard: await guardRequest(deps, factor, phone, plan, input.humanCheck, context),
      attempt,
      request,
    })
    if (begun.outcome === 'refused') {
      journal('login_failed', context, { user_id: userId, password_ok: true })
      throw new Problem('invalid_credentials')
    }
    const common = { factor: factor.name, factors: account.factors.map(({ name }) => name), codeLength }
    const destination = maskPhone(phone)
    if (begun.outcome !== 'begun') {
      const first = await replayOrRefuse(deps, begun, request, context, { user_id: userId })
      return {
        ...common,
        pendingToken: tokens.signPending(claimsFor(first.challengeId), first.life, first.issuedAt),
        expiresIn: first.expiresIn,
        delivery: { channel: first.channel, destination, status: first.delivery, resendIn: first.resendIn },
      }
    }

    const status = await deliverCode({
      ledger,
      factor,
      plan,
      journal,
      context,
      claims,
      phone,
      withdraw: () => challenges.withdrawBegin(claims, begun.undo),
    })
    journal('login_ok', context, { user_id: userId, challenge_id: claims.challengeId })
    return {
      ...common,
      pendingToken: tokens.signPending(claims, begun.expiresIn, issuedAt),
      expiresIn: begun.expiresIn,
      delivery: { channel: plan.channel, destination, status, resendIn: begun.resendIn },
    }
  }
}
