import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import { type BeginDeps, createBegin } from '../challenge/begin.ts'
import type { Factor } from '../challenge/factor.ts'
import type { DeliveryOptions, OpenChallenge } from '../challenge/issue.ts'
import { assertTime } from '../deadline.ts'
import type { Grant } from '../session/grant.ts'
import type { Account, PasswordAttempt, RequestContext } from '../terms.ts'
import { type ByDeviceDeps, createByDevice } from './by-device.ts'
import type { AccountStore, LoginAttempt, PasswordVerifier } from './ports.ts'
import { attemptKeys } from './throttle.ts'
import { usernameKey } from './username.ts'

/** The dependencies of `Login`. */
export interface LoginDeps extends BeginDeps, AuthenticateDeps, ByDeviceDeps {}

/** The input of step one. */
export interface LoginInput extends DeliveryOptions {
  username: string
  password: string
  /** The token of a remembered device, which replaces the code. */
  deviceToken?: string
  /** True to require both factors, even on a remembered device. */
  stepUp?: boolean
}

/** The result of step one: an open challenge, or the tokens of a session on a remembered device. */
export type LoginResult = { challenge: OpenChallenge } | { grant: Grant }

/** Exchanges a user name and a password for a challenge, or for a session where a remembered device is presented. */
export type Login = (input: LoginInput, context: RequestContext) => Promise<LoginResult>

/**
 * Makes `Login`, the first step: it opens a challenge and sends its code. A remembered device instead gets a session of
 * one factor at once (`acr` aal1, SP 800-63B-4 §5.1). An invalid device token is not an error: the code is sent.
 *
 * Throws what `createAuthenticate` throws and, only after a correct password, what `createBegin` throws.
 */
export const createLogin = (deps: LoginDeps): Login => {
  const { journal } = deps
  const authenticate = createAuthenticate(deps)
  const byDevice = createByDevice(deps)
  const begin = createBegin(deps)

  const proceed = async (
    input: LoginInput,
    context: RequestContext,
    authenticated: Authenticated,
  ): Promise<LoginResult> => {
    const { account, attempt, factor, destination } = authenticated
    const { username, password, deviceToken, stepUp, ...deliveryOptions } = input
    if (deviceToken !== undefined && !stepUp) {
      const granted = await byDevice(deviceToken, authenticated, context)
      if (granted) return { grant: granted }
    }
    const challenge = await begin(
      {
        ...deliveryOptions,
        purpose: 'login',
        account,
        factor,
        enrolled: destination,
        destination,
        password,
        parts: [usernameKey(username)],
        attempt,
        changed: () => {
          journal('login_failed', context, { user_id: account.userId, password_ok: true })
          return new Problem('invalid_credentials')
        },
      },
      context,
    )
    return { challenge }
  }

  return (input, context) =>
    authenticate(usernameKey(input.username), input.password, context, (authenticated) =>
      proceed(input, context, authenticated),
    )
}

/** The dependencies of `createAuthenticate`. */
export interface AuthenticateDeps {
  accounts: AccountStore
  passwords: PasswordVerifier
  factors: readonly Factor[]
  journal: Journal
  /** The key under which password attempts are counted. */
  attemptKey: Uint8Array
  /** Resolves after the given ms. */
  wait: (ms: number) => Promise<unknown>
}

/** An account whose password was correct, and the factor of its next step. */
export interface Authenticated {
  account: Account
  attempt: PasswordAttempt
  factor: Factor
  /** As in `EnrolledFactor`. */
  destination: string | null
}

/** Returns the account's first usable factor that this server offers. */
const chooseFactor = (account: Account, factors: readonly Factor[], evenIfLocked: boolean) => {
  for (const enrolled of account.factors) {
    const factor = factors.find(({ name }) => name === enrolled.name)
    if (factor && (enrolled.usable || evenIfLocked)) return { factor, destination: enrolled.destination }
  }
  return undefined
}

/**
 * Makes the function that checks a password (for the name in its comparison form) and passes the account to `proceed`.
 *
 * Throws `rate_limited` when this address has tried too many passwords for this name, existing or not. Throws
 * `invalid_credentials` alike for an unknown user, a wrong password and an account that is disabled, locked or without
 * a second factor. `evenIfLocked` ignores the lock, for callers who have already proved the factor. Any other error,
 * here or in `proceed`, takes the attempt back.
 */
export const createAuthenticate = (
  { accounts, passwords, factors, journal, attemptKey, wait }: AuthenticateDeps,
  { evenIfLocked } = { evenIfLocked: false },
) => {
  /** Returns the account and its factor for an attempt that is not throttled. */
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
      // For a wrong password the delay is the same at a familiar address, or timing would reveal where the owner logs
      // in.
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
    // A wrong password counts even if a later step fails; otherwise errors would make guesses free.
    let isWrong = false
    const onWrong = () => {
      isWrong = true
    }
    try {
      return await proceed(await judge(taken, password, attempt, context, onWrong))
    } catch (error) {
      // A failure to take the attempt back does not change the response.
      if (ticket !== null && !isWrong) await accounts.forgive(attempt, ticket).catch(() => {})
      throw error
    }
  }
}
