import { type Kysely, sql } from 'kysely'

/** Keys of the backends beside us. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table admin_keys (
      admin_key_id uuid primary key,
      name text not null,
      -- SHA-256 of 256 random bits.
      key_hash bytea not null unique check (octet_length(key_hash) = 32),
      scopes text[] not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      last_used_at timestamptz,
      revoked_at timestamptz
    )`.execute(db)

  // Search by the beginning of a name, and pages in the order of names.
  await sql`create index users_username_key_pattern on users (username_key text_pattern_ops)`.execute(db)
}
