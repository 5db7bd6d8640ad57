import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { NonceStore } from '../../core/guard/ports.ts'
import type { Database } from '../database.ts'

/** Opens the store of nonces, which keeps them as SHA-256. Each nonce is accepted once across all instances. */
export const createNonceStore = (db: Database): NonceStore => {
  const use = db.prepare<{ hash: Buffer; ttl: number }, unknown>(
    'nonce_use',
    ({ hash, ttl }) => sql`
      insert into used_nonces as n (nonce_hash, expires_at)
      values (${hash}::bytea, now() + make_interval(secs => ${ttl}::int))
      on conflict (nonce_hash) do update set expires_at = excluded.expires_at where n.expires_at <= now()
      returning nonce_hash`,
  )
  return {
    use: async (nonce, ttl) => (await use({ hash: createHash('sha256').update(nonce).digest(), ttl })).length > 0,
  }
}
