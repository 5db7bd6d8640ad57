import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { Factor } from '../challenge/factor.ts'
import { assertTime } from '../deadline.ts'
import type { Account, PasswordAttempt, RequestContext } from '../terms.ts'
import type { AccountStore, LoginAttempt, PasswordVerifier } from './ports.ts'
import { attemptKeys } from './throttle.ts'

/** What checking a password takes. */
export interface AuthenticateDeps {
  accounts: AccountStore
  passwords: PasswordVerifier
  factors: readonly Factor[]
  journal: Journal
  /** The key that tries of passwords are counted under. */
  attemptKey: Uint8Array
  /** Resolves after so many ms. */
  wait: (ms: number) => Promise<unknown>
}

/** An account whose password was right, and the factor to go on with. */
export interface Authenticated {
  account: Account
  attempt: PasswordAttempt
  factor: Factor
  /** As in `EnrolledFactor`. */
  destination: string | null
}

/** The first factor of an account that can be used now, among those this server offers. */
const chooseFactor = (account: Account, factors: readonly Factor[], evenIfLocked: boolean) => {
  for (const enrolled of account.factors) {
    const factor = factors.find(({ name }) => name === enrolled.name)
    if (factor && (enrolled.usable || evenIfLocked)) return { factor, destination: enrolled.destination }
  }
  return undefined
}

/**
 * Checks a password (the name in its comparison form) and hands the account to `proceed`.
 *
 * Throws `rate_limited` when this address has tried too many passwords for this name, whether or not anybody has it, and
 * `invalid_credentials` alike for an unknown user, a wrong password and an account that is disabled, locked or without a
 * second factor; with `evenIfLocked`, for callers who have passed the factor already, its lock does not matter. Whatever else is thrown, here or by `proceed`, is nobody's fault who has the password: the attempt is
 * taken back.
 */
export const createAuthenticate = (
  { accounts, passwords, factors, journal, attemptKey, wait }: AuthenticateDeps,
  { evenIfLocked } = { evenIfLocked: false },
) => {
  /** The account and its factor, for a try that may be judged. */
  const judge = async (
    { account, delay, familiar }: LoginAttempt,
    password: string,
    attempt: PasswordAttempt,
    context: RequestContext,
    onWrong: () => void,
  ): Promise<Authenticated> => {
    if (delay > 0 && !familiar) await wait(delay)
    assertTime(context)
    const passwordIsRight = await passwords.verify(account?.passwordHash ?? null, password)
    const chosen = account && !account.disabled ? chooseFactor(account, factors, evenIfLocked) : undefined
    if (!account || !passwordIsRight || !chosen) {
      onWrong()
      // Only a right password may be quicker from where its owner has been, or time would tell who has been there.
      if (delay > 0 && familiar) await wait(delay)
      await accounts.countFailure(attempt)
      journal('login_failed', context, {
        user_id: account?.userId,
        password_ok: account ? passwordIsRight : undefined,
      })
      throw new Problem('invalid_credentials')
    }
    const stronger = await passwords.upgrade(account.passwordHash!, password)
    if (stronger) await accounts.upgradePasswordHash(account.userId, account.passwordHash!, stronger)
    return { account: { ...account, passwordHash: stronger ?? account.passwordHash }, attempt, ...chosen }
  }

  return async <T>(
    username: string,
    password: string,
    context: RequestContext,
    proceed: (authenticated: Authenticated) => Promise<T>,
  ): Promise<T> => {
    const attempt = attemptKeys(attemptKey, username, context)
    const taken = await accounts.findForLogin(username, attempt)
    const { account, retryAfter, ticket } = taken
    if (retryAfter !== null) {
      journal('login_throttled', context, { user_id: account?.userId, retry_after: retryAfter })
      throw new Problem('rate_limited', { retryAfter })
    }
    // A try that was judged wrong counts whatever happens afterwards, or a fault would make guesses free.
    let isWrong = false
    const onWrong = () => {
      isWrong = true
    }
    try {
      return await proceed(await judge(taken, password, attempt, context, onWrong))
    } catch (error) {
      // The caller's answer is what it is, whether or not this can be written.
      if (ticket !== null && !isWrong) await accounts.forgive(attempt, ticket).catch(() => {})
      throw error
    }
  }
}
