import { randomUUID } from 'node:crypto'
import { Problem } from '../../errors.ts'
import { type BeginDeps, createBegin } from '../challenge/begin.ts'
import { findDelivering } from '../challenge/factor.ts'
import type { DeliveryOptions, OpenChallenge } from '../challenge/issue.ts'
import { assertTime } from '../deadline.ts'
import { canonicalLocale } from '../delivery/locale.ts'
import type { PasswordVerifier } from '../login/ports.ts'
import { usernameFault, usernameKey } from '../login/username.ts'
import { hashToken } from '../session/rotating-token.ts'
import type { RequestContext } from '../terms.ts'
import type { PasswordPolicy, RegistrationMode, RegistrationStore } from './ports.ts'

/** The dependencies of `Register`. */
export interface RegisterDeps extends BeginDeps {
  registrations: RegistrationStore
  passwords: PasswordVerifier
  passwordPolicy: PasswordPolicy
  registration: RegistrationMode
}

/** The input of a registration. */
export interface RegisterInput extends DeliveryOptions {
  username: string
  password: string
  /** With the country code, in any usual notation. */
  phone: string
  invite?: string
  /** The language of messages, BCP 47. */
  locale?: string
}

/** Opens a registration and the challenge that completes it. */
export type Register = (input: RegisterInput, context: RequestContext) => Promise<OpenChallenge>

/**
 * Makes `Register`. A code goes to the number, and the correct code creates the account. Until then the name stays free
 * for others: the first registration whose code is entered gets it.
 *
 * Throws `forbidden` when registration is closed or the invite is invalid, `username_taken`, `password_rejected`, and
 * what `createBegin` throws. The response never reveals whether another account has the number.
 */
export const createRegister = (deps: RegisterDeps): Register => {
  const { registrations, passwords, passwordPolicy, factors, registration, journal } = deps
  const begin = createBegin(deps)

  return async (input, context) => {
    const { username: written, password, phone: number, invite, locale: language, ...deliveryOptions } = input
    const refuse = (reason: string, problem: Problem): Problem => {
      journal('registration_refused', context, { reason })
      return problem
    }
    if (registration === 'closed') {
      throw refuse('closed', new Problem('forbidden', { detail: 'Registration is closed.' }))
    }
    const username = written.trim()
    const key = usernameKey(username)
    const fault = usernameFault(username)
    if (fault) throw new Problem('validation_failed', { errors: [{ path: '/username', message: fault }] })
    const factor = findDelivering(factors)!
    const phone = factor.delivery.readDestination(number)
    const locale = language === undefined ? null : canonicalLocale(language)
    factor.delivery.assertAllowed(phone)
    await passwordPolicy.assertAcceptable(password, username)

    const inviteHash = registration === 'invite' ? hashToken(invite ?? '') : null
    const { taken, invited } = await registrations.check({ usernameKey: key, inviteHash })
    if (!invited) {
      throw refuse('invite', new Problem('forbidden', { required: 'invite', detail: 'A valid invite is required.' }))
    }
    if (taken) throw refuse('name', new Problem('username_taken'))

    const userId = randomUUID()
    const passwordHash = await passwords.hash(password)
    assertTime(context)
    await registrations.open({
      userId,
      username,
      usernameKey: key,
      passwordHash,
      factor: factor.name,
      phone,
      locale,
      inviteHash,
    })
    let isNeeded = false
    try {
      const opened = await begin(
        {
          ...deliveryOptions,
          purpose: 'register',
          account: {
            userId,
            authEpoch: 0,
            locale,
            resendIn: 0,
            factors: [{ name: factor.name, destination: phone, usable: true }],
          },
          factor,
          enrolled: phone,
          destination: phone,
          password,
          parts: [key, phone],
          changed: () => new Problem('challenge_invalid'),
        },
        context,
      )
      // A repeated call uses the registration of the first call; this one is withdrawn.
      isNeeded = deps.tokens.verifyPending(opened.pendingToken).userId === userId
      return opened
    } finally {
      // The response does not wait for it. Retention deletes what remains within the hour.
      if (!isNeeded) void registrations.abandon(userId).catch(() => {})
    }
  }
}
