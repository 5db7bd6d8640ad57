import { usernameKey } from '../core/login/username.ts'

let mostUsed: Promise<ReadonlySet<string>> | undefined

/** Shorter passwords are refused for their length. */
const SHORTEST = 8

/**
 * Returns the most common passwords from breaches in lower case: about ten thousand that are long enough. They take 20
 * MB and few processes need them, so the first call loads them.
 */
export const mostUsedPasswords = (): Promise<ReadonlySet<string>> => {
  mostUsed ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) =>
      new Set(dictionary['passwords-common'].map(fold).filter((password) => password.length >= SHORTEST)),
  )
  return mostUsed
}

/** Returns the form in which passwords are looked up. Another case does not make a common password stronger. */
export const fold = (password: string): string => usernameKey(password)
