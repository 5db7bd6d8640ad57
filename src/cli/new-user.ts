import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { USERNAME_MAX_LENGTH, usernameFault } from '../core/login/username.ts'
import { isCleanText } from '../core/typed-text.ts'
import type { Problem } from '../errors.ts'
import { parsePhone } from '../factors/sms/phone-number.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'

/** What a decoder puts in the place of bytes that are no text: the person types something else next time. */
const NOT_TEXT = '\uFFFD'

const lengthOf = (text: string): number => [...text].length

const refuseUnclean = (what: string, text: string): void => {
  if (text.includes(NOT_TEXT)) throw new Error(`${what} is not UTF-8.`)
  if (!isCleanText(text)) throw new Error(`${what} has control characters or half characters.`)
}

/** The name as it is stored. Throws a line that says what is wrong with it. */
export const checkUsername = (written: string): string => {
  const username = written.trim()
  refuseUnclean('The user name', username)
  if (lengthOf(username) > USERNAME_MAX_LENGTH) {
    throw new Error(`The user name is longer than ${USERNAME_MAX_LENGTH} characters.`)
  }
  const fault = usernameFault(username)
  if (fault) throw new Error(`The user name ${fault}.`)
  return username
}

/** The number in E.164. Throws a line that says what is wrong with it. */
export const checkPhone = (written: string): string => {
  const parsed = parsePhone(written)
  if (!parsed.ok) throw new Error(`The phone number ${parsed.reason}.`)
  return parsed.phone
}

/** Throws a line that says what keeps `/login` from taking a password that somebody has, and never shows it. */
export const assertLoginPassword = (password: string): void => {
  refuseUnclean('The password', password)
  if (lengthOf(password) > PASSWORD_MAX_LENGTH)
    throw new Error(`The password is longer than ${PASSWORD_MAX_LENGTH} characters.`)
}

/** Throws a line that says what is wrong with a new password, and never shows it. */
export const checkPassword = async (password: string, username: string): Promise<void> => {
  assertLoginPassword(password)
  if (lengthOf(password) < PASSWORD_MIN_LENGTH)
    throw new Error(`The password is shorter than ${PASSWORD_MIN_LENGTH} characters.`)
  const policy = createPasswordPolicy({ serviceName: 'Doorcode', onUnavailable: () => {} })
  await policy.assertAcceptable(password, username).catch((error: Problem) => {
    throw new Error(`The password is refused: ${error.details.detail}`)
  })
}

/** A language for messages, in its canonical form. Throws when it is none. */
export const checkLocale = (locale: string): string => {
  try {
    return new Intl.Locale(locale).toString()
  } catch {
    throw new Error('--locale is no language. For example: --locale pt-BR')
  }
}
