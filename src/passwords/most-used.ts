import { usernameKey } from '../core/login/username.ts'

let mostUsed: Promise<ReadonlySet<string>> | undefined

/** Shorter ones are refused for their length. */
const SHORTEST = 8

/**
 * The passwords that most people have, from breaches, in lower case: some ten thousand of those that are long enough. Loaded
 * when it is first asked for, since it takes 20 MB and few processes need it.
 */
export const mostUsedPasswords = (): Promise<ReadonlySet<string>> => {
  mostUsed ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) =>
      new Set(dictionary['passwords-common'].map(fold).filter((password) => password.length >= SHORTEST)),
  )
  return mostUsed
}

/** The form in which passwords are looked up: another case makes none of them better. */
export const fold = (password: string): string => usernameKey(password)
