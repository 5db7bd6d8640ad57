import type { PasswordPolicy } from '../core/account/ports.ts'
import { normalizePassword, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { Problem } from '../errors.ts'
import type { BreachCheck } from './breach-range.ts'
import { fold, mostUsedPasswords } from './most-used.ts'

/** The options of the password policy. */
export interface PolicyOptions {
  /** The name of the service, which users often choose as a password. */
  serviceName: string
  /** The breach check, asked last; undefined for none. */
  isBreached?: BreachCheck | undefined
  /** Called when `isBreached` rejects. */
  onUnavailable: (error: unknown) => void
}

/** Returns true for a password that only extends a word, such as `alice2026!`. */
const isMadeOf = (password: string, word: string): boolean => {
  const [own, part] = [fold(password), fold(word)]
  return part.length >= 3 && own.includes(part) && own.replaceAll(part, '').replace(/[\d\s!?.,_@#$*-]/g, '') === ''
}

/**
 * Makes the policy of SP 800-63B-4 §3.1.1.2. It requires 8 code points, as the password is never the only factor, and
 * refuses common and breached passwords with a reason in words. It has no rules about the characters.
 */
export const createPasswordPolicy = ({ serviceName, isBreached, onUnavailable }: PolicyOptions): PasswordPolicy => ({
  async assertAcceptable(password, username) {
    const reject = (detail: string) => new Problem('password_rejected', { detail })
    const normalized = normalizePassword(password)
    const length = [...normalized].length
    if (length < PASSWORD_MIN_LENGTH) throw reject(`The password is shorter than ${PASSWORD_MIN_LENGTH} characters.`)
    if (length > PASSWORD_MAX_LENGTH) throw reject(`The password is longer than ${PASSWORD_MAX_LENGTH} characters.`)
    if (new Set(normalized).size < 3) throw reject('The password repeats one or two characters.')
    if (isMadeOf(normalized, username)) throw reject('The password is derived from the user name.')
    if (isMadeOf(normalized, serviceName)) throw reject('The password is derived from the name of this service.')
    if ((await mostUsedPasswords()).has(fold(normalized))) {
      throw reject('The password is one of the most common ones, which attackers try first.')
    }
    // An unreachable list must not block passwords that pass all other rules.
    const breached = await isBreached?.(normalized).catch((error: unknown) => {
      onUnavailable(error)
      return false
    })
    if (breached) throw reject('The password is known from a data breach of another service.')
  },
})
