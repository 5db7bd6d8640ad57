import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { AdminKey, AdminKeyStore, FoundAdminKey } from '../../core/account/admin-ports.ts'
import type { Database } from '../database.ts'

const COLUMNS = sql`admin_key_id as "keyId", name, scopes, created_at as "createdAt", expires_at as "expiresAt",
  last_used_at as "lastUsedAt", revoked_at as "revokedAt"`

/** Opens the store of admin keys. */
export const createAdminKeyStore = (db: Database): AdminKeyStore => {
  const add = db.prepare<{ id: string; name: string; hash: Buffer; scopes: readonly string[]; days: number }, AdminKey>(
    'admin_key_add',
    (p) => sql`
      insert into admin_keys (admin_key_id, name, key_hash, scopes, expires_at)
      values (${p.id}::uuid, ${p.name}, ${p.hash}::bytea, ${p.scopes}::text[],
        now() + make_interval(days => ${p.days}::int))
      returning ${COLUMNS}`,
  )
  const list = db.prepare<object, AdminKey>(
    'admin_key_list',
    () => sql`select ${COLUMNS} from admin_keys order by created_at desc, admin_key_id`,
    { readOnly: true },
  )
  const revoke = db.prepare<{ id: string }, unknown>(
    'admin_key_revoke',
    (p) => sql`
      update admin_keys set revoked_at = now() where admin_key_id = ${p.id}::uuid and revoked_at is null returning 1`,
  )
  // One round trip, and at most one write per minute: a caller that waited for the row lock evaluates the `where` again.
  const use = db.prepare<{ hash: Buffer }, FoundAdminKey>(
    'admin_key_use',
    (p) => sql`
      with used as (
        update admin_keys set last_used_at = now()
        where key_hash = ${p.hash}::bytea and revoked_at is null and expires_at > now()
          and (last_used_at is null or last_used_at <= now() - interval '1 minute')
      )
      select admin_key_id as "keyId", name, scopes, case
        when revoked_at is not null then 'revoked'
        when expires_at <= now() then 'expired'
        else 'usable'
      end as state
      from admin_keys where key_hash = ${p.hash}::bytea`,
  )

  return {
    add: async ({ name, scopes, hash, days }) => (await add({ id: randomUUID(), name, hash, scopes, days }))[0]!,
    list: () => list({}),
    revoke: async (keyId) => (await revoke({ id: keyId })).length > 0,
    use: async (hash) => (await use({ hash }))[0],
  }
}
