import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { USERNAME_MAX_LENGTH, usernameFault } from '../core/login/username.ts'
import { isCleanText } from '../core/typed-text.ts'
import type { Problem } from '../errors.ts'
import { parsePhone } from '../factors/sms/phone-number.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'

/** The character that a decoder writes for invalid bytes. A password with it could never be typed again. */
const INVALID_BYTES = '\uFFFD'

const lengthOf = (text: string): number => [...text].length

const refuseUnclean = (what: string, text: string): void => {
  if (text.includes(INVALID_BYTES)) throw new Error(`${what} is not UTF-8.`)
  if (!isCleanText(text)) throw new Error(`${what} has control characters or unpaired surrogates.`)
}

/** Returns the name as it is stored. Throws if it is invalid. */
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

/** Returns the number in E.164. Throws if it is invalid. */
export const checkPhone = (written: string): string => {
  const parsed = parsePhone(written)
  if (!parsed.ok) throw new Error(`The phone number ${parsed.reason}.`)
  return parsed.phone
}

/** Throws if `/login` cannot accept a password. The message never contains the password. */
export const assertLoginPassword = (password: string): void => {
  refuseUnclean('The password', password)
  if (lengthOf(password) > PASSWORD_MAX_LENGTH)
    throw new Error(`The password is longer than ${PASSWORD_MAX_LENGTH} characters.`)
}

/** Throws if a new password is not acceptable. The message never contains the password. */
export const checkPassword = async (password: string, username: string): Promise<void> => {
  assertLoginPassword(password)
  if (lengthOf(password) < PASSWORD_MIN_LENGTH)
    throw new Error(`The password is shorter than ${PASSWORD_MIN_LENGTH} characters.`)
  const policy = createPasswordPolicy({ serviceName: 'Doorcode', onUnavailable: () => {} })
  await policy.assertAcceptable(password, username).catch((error: Problem) => {
    throw new Error(error.details.detail)
  })
}

/** Returns a language tag (BCP 47) in canonical form. Throws if it is invalid. */
export const checkLocale = (locale: string): string => {
  try {
    return new Intl.Locale(locale).toString()
  } catch {
    throw new Error('--locale must be a language tag. For example: --locale pt-BR')
  }
}
