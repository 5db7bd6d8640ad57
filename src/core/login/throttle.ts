import { createHmac } from 'node:crypto'
import type { PasswordAttempt, RequestContext } from '../terms.ts'

/**
 * Under what a try of a password is counted: HMAC-SHA-256, so that a dump is no list of the names that were tried. The
 * name is in its comparison form (see `usernameKey`), or each spelling of it would have tries of its own.
 */
export const attemptKeys = (
  key: Uint8Array,
  usernameKey: string,
  { host }: Pick<RequestContext, 'host'>,
): PasswordAttempt => {
  const hash = (...parts: string[]) => createHmac('sha256', key).update(parts.join('\n')).digest()
  return { pair: hash('pair', host, usernameKey), name: hash('name', usernameKey), host }
}
