import type { PasswordPolicy } from '../core/account/ports.ts'
import { normalizePassword, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { Problem } from '../errors.ts'
import type { BreachCheck } from './breach-range.ts'
import { fold, mostUsedPasswords } from './most-used.ts'

/** What a policy is made of. */
export interface PolicyOptions {
  /** The name of the service, which people like to take. */
  serviceName: string
  /** Asked last; undefined for nobody. */
  isBreached?: BreachCheck | undefined
  /** Told when `isBreached` could not say. */
  onUnavailable: (error: unknown) => void
}

/** A word with which somebody has made a password longer than it is, such as `alice2026!`. */
const isMadeOf = (password: string, word: string): boolean => {
  const [own, part] = [fold(password), fold(word)]
  return part.length >= 3 && own.includes(part) && own.replaceAll(part, '').replace(/[\d\s!?.,_@#$*-]/g, '') === ''
}

/**
 * The rules of SP 800-63B-4 §3.1.1.2: 8 code points at least, as the password is never the only factor, a list of common and
 * breached ones, the reason in words, and no rules about what characters must be in it.
 */
export const createPasswordPolicy = ({ serviceName, isBreached, onUnavailable }: PolicyOptions): PasswordPolicy => ({
  async assertAcceptable(password, username) {
    const reject = (detail: string) => new Problem('password_rejected', { detail })
    const normalized = normalizePassword(password)
    const length = [...normalized].length
    if (length < PASSWORD_MIN_LENGTH) throw reject(`It is shorter than ${PASSWORD_MIN_LENGTH} characters.`)
    if (length > PASSWORD_MAX_LENGTH) throw reject(`It is longer than ${PASSWORD_MAX_LENGTH} characters.`)
    if (new Set(normalized).size < 3) throw reject('It is one or two characters, again and again.')
    if (isMadeOf(normalized, username)) throw reject('It is made of the user name.')
    if (isMadeOf(normalized, serviceName)) throw reject('It is made of the name of this service.')
    if ((await mostUsedPasswords()).has(fold(normalized))) {
      throw reject('It is one of the passwords that most people have, and that are tried first.')
    }
    // Whoever cannot ask must not keep people from a password that is good by every other rule.
    const breached = await isBreached?.(normalized).catch((error: unknown) => {
      onUnavailable(error)
      return false
    })
    if (breached) throw reject('It is known from a breach of another service.')
  },
})
