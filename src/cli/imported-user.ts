import { usernameKey } from '../core/login/username.ts'
import { destinationOf, parsePhone } from '../factors/sms/phone-number.ts'
import type { FlaskRow } from './flask-table.ts'
import { assertLoginPassword, checkPassword, checkUsername } from './new-user.ts'

/** A row that can be imported, and what its owner should hear of it. Without a password nobody can log in until one is set. */
export interface ImportedUser {
  username: string
  phone: string
  password: string | undefined
  notes: string[]
}

/** A row, or why it cannot be imported. */
export type JudgedRow = { ok: true; user: ImportedUser } | { ok: false; name: string; reason: string }

/**
 * Passwords that are hashes already: of Werkzeug (`scrypt:…$…$…`, `pbkdf2:sha256:…`, formerly `sha256$…$…`), crypt and bcrypt
 * (`$2b$…`), Argon2, Django, LDAP (`{SSHA}…`), or bare hex of the length of a digest. Hashed once more they would fit no password that anybody knows.
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

/** The password as it can be imported, and what is to be said of it. */
const judgePassword = async (
  password: string | undefined,
  username: string,
): Promise<{ password: string | undefined; notes: string[] }> => {
  const without = (why: string) => ({ password: undefined, notes: [`without a password, for it is ${why}`] })
  if (!password) return without('empty')
  const kind = kindOfHash(password)
  if (kind) return without(`${kind}, which cannot be turned into ours`)
  try {
    assertLoginPassword(password)
  } catch (error) {
    return without(`none that /login takes. ${(error as Error).message}`)
  }
  const fault = await checkPassword(password, username).then(
    () => undefined,
    (error: Error) => error.message.replace(/^The password is refused: /, ''),
  )
  return { password, notes: fault === undefined ? [] : [`weak password: ${fault}`] }
}

/** Looks at rows one after the other. `home` is the country of numbers without a country code. Never shows a password. */
export const createRowJudge = ({ home }: { home: string | undefined }) => {
  const rowOf = new Map<string, number>()
  return async (row: FlaskRow, position: number): Promise<JudgedRow> => {
    const name = row.username ?? ''
    const refuse = (reason: string): JudgedRow => ({ ok: false, name, reason })
    try {
      const username = checkUsername(name)
      const key = usernameKey(username)
      const former = rowOf.get(key)
      if (former !== undefined) return refuse(`The name is that of row ${former}, in some spelling.`)
      rowOf.set(key, position)
      if (row.phone === undefined || row.phone.trim() === '') return refuse('There is no phone number.')
      const parsed = parsePhone(row.phone, home)
      if (!parsed.ok) return refuse(`The phone number ${parsed.reason}.`)
      const { password, notes } = await judgePassword(row.password, username)
      if (!destinationOf(parsed.phone, { voip: true }).takesCodes)
        notes.push('no code will be sent to this number: it is of a kind that no person reads messages on')
      return { ok: true, user: { username, phone: parsed.phone, password, notes } }
    } catch (error) {
      return refuse((error as Error).message)
    }
  }
}
