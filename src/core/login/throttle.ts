import { createHmac } from 'node:crypto'
import type { PasswordAttempt, RequestContext } from '../terms.ts'

/**
 * Returns the keys under which a password attempt is counted. They are HMAC-SHA-256, so that a dump does not list the
 * names that were tried. The name is in its comparison form (see `usernameKey`), so that all spellings share one count.
 */
export const attemptKeys = (
  key: Uint8Array,
  usernameKey: string,
  { host }: Pick<RequestContext, 'host'>,
): PasswordAttempt => {
  const hash = (...parts: string[]) => createHmac('sha256', key).update(parts.join('\n')).digest()
  return { pair: hash('pair', host, usernameKey), name: hash('name', usernameKey), host }
}
