import { randomUUID } from 'node:crypto'
import { Problem } from '../errors.ts'
import { hashCode, makeClientKey, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import { maskPhone } from './mask.ts'
import type {
  Account,
  AccountStore,
  ChallengeStore,
  Channel,
  Client,
  CodeFactor,
  DeliveryStatus,
  FactorName,
  Journal,
  PasswordVerifier,
  PendingClaims,
  RequestContext,
  SendLedger,
  Tokens,
} from './ports.ts'
import { usernameKey } from './username.ts'

/** What the flow is made of. */
export interface FlowDeps {
  accounts: AccountStore
  challenges: ChallengeStore
  ledger: SendLedger
  passwords: PasswordVerifier
  tokens: Tokens
  factors: readonly CodeFactor[]
  journal: Journal
  /** Digits of a code, 6 to 8. */
  codeLength: number
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

/** What a caller may say of how a code is to reach the user. */
export interface DeliveryWish {
  channel?: Channel
  client?: Client
  /** The header of that name, as it came. */
  acceptLanguage?: string
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
 * Throws `invalid_credentials` alike for an unknown user, a wrong password and an account that is disabled, locked or
 * without a second factor; only after a right password `resend_cooldown`, `destination_not_allowed` or
 * `sms_unavailable`. If the message surely did not leave, nothing is used up: the former challenge lives on.
 */
export const createLogin =
  ({ accounts, challenges, ledger, passwords, tokens, factors, journal, codeLength }: FlowDeps) =>
  async (
    input: { username: string; password: string } & DeliveryWish,
    context: RequestContext,
  ): Promise<OpenChallenge> => {
    const account = await accounts.findByUsernameKey(usernameKey(input.username))
    const passwordIsRight = await passwords.verify(account?.passwordHash ?? null, input.password)
    const chosen = account && !account.disabled ? chooseFactor(account, factors) : undefined
    if (!account || !passwordIsRight || !chosen) {
      journal('login_failed', context, {
        user_id: account?.userId,
        password_ok: account ? passwordIsRight : undefined,
      })
      throw new Problem('invalid_credentials')
    }
    const { factor, phone } = chosen
    const { userId } = account
    factor.assertAllowed(phone)
    await upgradePassword(account, input.password)

    const claims: PendingClaims = { userId, challengeId: randomUUID(), purpose: 'login', key: makeClientKey() }
    const code = factor.fixedCode(phone) ?? makeCode(codeLength)
    const plan = factor.plan({
      phone,
      code,
      channel: input.channel,
      failed: [],
      locale: account.locale,
      acceptLanguage: input.acceptLanguage,
      client: input.client,
    })
    const begun = await challenges.begin({
      ...claims,
      factor: factor.name,
      channel: plan.channel,
      phone,
      authEpoch: account.authEpoch,
      codeHash: hashCode(tokens.pepper, claims, claims.key, code),
      send: plan.first,
    })
    if (begun.outcome === 'cooldown') {
      journal('login_cooldown', context, { user_id: userId, retry_after: begun.retryAfter })
      throw new Problem('resend_cooldown', { retryAfter: begun.retryAfter })
    }
    if (begun.outcome === 'refused') {
      journal('login_failed', context, { user_id: userId, password_ok: true })
      throw new Problem('invalid_credentials')
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
      pendingToken: tokens.signPending(claims, begun.expiresIn),
      expiresIn: begun.expiresIn,
      factor: factor.name,
      factors: account.factors.map(({ name }) => name),
      codeLength,
      delivery: { channel: plan.channel, destination: maskPhone(phone), status, resendIn: begun.resendIn },
    }

    async function upgradePassword({ passwordHash }: Account, password: string) {
      const stronger = await passwords.upgrade(passwordHash!, password)
      if (stronger) await accounts.upgradePasswordHash(userId, passwordHash!, stronger)
    }
  }
