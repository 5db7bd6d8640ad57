import type { AdminKey } from '../core/account/admin-ports.ts'
import { columns, timeOf } from './table.ts'

const HEAD = ['KEY', 'NAME', 'SCOPES', 'STATE', 'LAST USED']

const stateOf = ({ revokedAt, expiresAt }: AdminKey, now: Date): string => {
  if (revokedAt) return `revoked ${timeOf(revokedAt)}`
  return `${expiresAt <= now ? 'expired' : 'until'} ${timeOf(expiresAt)}`
}

/** Keys in columns, one a line, with what each opens and until when. */
export const adminKeyTable = (keys: readonly AdminKey[], now: Date): string =>
  columns(
    HEAD,
    keys.map((key) => [
      key.keyId,
      key.name,
      key.scopes.join(','),
      stateOf(key, now),
      key.lastUsedAt ? timeOf(key.lastUsedAt) : 'never',
    ]),
  )
