import { type Kysely, sql } from 'kysely'

/** The ledger of what was handed to delivery companies, and the language of each user. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  // No references: a row outlives its challenge, which is removed when a send is withdrawn, and its user.
  await sql`
    create table sends (
      send_id uuid primary key,
      challenge_id uuid not null,
      user_id uuid not null,
      provider text not null,
      channel text not null,
      -- ISO 3166-1; null for a number of no country.
      country text,
      -- The number without its last four digits, and its HMAC: the number itself is not here.
      prefix text not null,
      phone_hash bytea not null check (octet_length(phone_hash) = 32),
      segments smallint not null,
      -- An estimate, in the currency of SMS_PRICES.
      price numeric(12, 6),
      status text not null default 'queued'
        check (status in ('queued', 'unknown', 'sent', 'delivered', 'undelivered', 'failed')),
      message_id text,
      reason text,
      -- How long the company took to answer.
      took_ms integer,
      created_at timestamptz not null default now(),
      settled_at timestamptz,
      receipt_at timestamptz
    )`.execute(db)

  await sql`create index sends_challenge_id on sends (challenge_id)`.execute(db)
  await sql`create index sends_phone_hash on sends (phone_hash, created_at)`.execute(db)
  await sql`create index sends_message_id on sends (message_id) where message_id is not null`.execute(db)

  // The send that carries the code of today; what has become of it stands in the ledger alone.
  await sql`alter table challenges add column send_id uuid, drop column delivery_status`.execute(db)

  await sql`alter table users add column locale text check (locale ~ '^[A-Za-z0-9-]{2,35}$')`.execute(db)
}
