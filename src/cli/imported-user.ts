import { usernameKey } from '../core/login/username.ts'
import { destinationOf, parsePhone } from '../factors/sms/phone-number.ts'
import type { FlaskRow } from './flask-table.ts'
import { assertLoginPassword, checkPassword, checkUsername } from './new-user.ts'

/** A user that can be imported, with notes for the operator. Without a password the user cannot log in until one is set. */
export interface ImportedUser {
  username: string
  phone: string
  password: string | undefined
  notes: string[]
}

/** A user from a row, or the reason why the row cannot be imported. */
export type ParsedRow = { ok: true; user: ImportedUser } | { ok: false; name: string; reason: string }

/**
 * Patterns of passwords that are already hashed, because a second hash would match no password. They cover Werkzeug
 * (`scrypt:…$…$…`, `pbkdf2:sha256:…`, formerly `sha256$…$…`), crypt and bcrypt (`$2b$…`), Argon2, Django and LDAP
 * (`{SSHA}…`). They also cover bare hex of the length of a digest.
 */
const HASHES: readonly [RegExp, string][] = [
  [/^(?:scrypt|pbkdf2)(?::\w+)+\$/, 'a hash of Werkzeug'],
  [/^(?:md5|sha(?:1|224|256|384|512))\$[^$]*\$/i, 'a hash of Werkzeug or Django'],
  [/^\$argon2(?:id|i|d)\$/, 'an Argon2 hash'],
  [/^\$(?:2[abxy]|[156]|y|scrypt|pbkdf2)[^$]*\$.{20,}$/, 'a hash of crypt'],
  [/^\{[A-Z0-9-]+\}/i, 'a hash of LDAP'],
  [/^(?:pbkdf2_sha\d+|argon2|bcrypt\w*)\$.{20,}$/, 'a hash of Django'],
  [/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i, 'a bare digest'],
]

const kindOfHash = (password: string): string | undefined => HASHES.find(([form]) => form.test(password))?.[1]

/** Returns the password if it can be imported, with notes. */
const parsePassword = async (
  password: string | undefined,
  username: string,
): Promise<{ password: string | undefined; notes: string[] }> => {
  const without = (why: string) => ({ password: undefined, notes: [`without a password, because it is ${why}`] })
  if (!password) return without('empty')
  const kind = kindOfHash(password)
  if (kind) return without(`${kind}, which cannot be converted`)
  try {
    assertLoginPassword(password)
  } catch (error) {
    return without(`invalid for /login. ${(error as Error).message}`)
  }
  const fault = await checkPassword(password, username).then(
    () => undefined,
    (error: Error) => error.message,
  )
  return { password, notes: fault === undefined ? [] : [`weak password: ${fault}`] }
}

/**
 * Creates a parser for rows in their order. `home` is the country of numbers without a country code. Reasons and notes never
 * contain a password.
 */
export const createRowParser = ({ home }: { home: string | undefined }) => {
  const rowOf = new Map<string, number>()
  return async (row: FlaskRow, position: number): Promise<ParsedRow> => {
    const name = row.username ?? ''
    const refuse = (reason: string): ParsedRow => ({ ok: false, name, reason })
    try {
      const username = checkUsername(name)
      const key = usernameKey(username)
      const former = rowOf.get(key)
      if (former !== undefined) return refuse(`The name is the same as in row ${former}, perhaps in another spelling.`)
      rowOf.set(key, position)
      if (row.phone === undefined || row.phone.trim() === '') return refuse('The phone number is missing.')
      const parsed = parsePhone(row.phone, home)
      if (!parsed.ok) return refuse(`The phone number ${parsed.reason}.`)
      const { password, notes } = await parsePassword(row.password, username)
      if (!destinationOf(parsed.phone, { voip: true }).takesCodes)
        notes.push('this number receives no codes, because numbers of its type are refused')
      return { ok: true, user: { username, phone: parsed.phone, password, notes } }
    } catch (error) {
      return refuse((error as Error).message)
    }
  }
}
