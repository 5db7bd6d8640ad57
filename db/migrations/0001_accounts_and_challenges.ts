import { type Kysely, sql } from 'kysely'

/** Users, their second factors, and the challenges that wait for a code. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table users (
      user_id uuid primary key,
      username text not null,
      -- The comparison form, made by usernameKey(): never by the database, which folds differently.
      username_key text not null unique,
      password_hash text,
      disabled_at timestamptz,
      -- Raised by whatever must end what was begun before it.
      auth_epoch integer not null default 0,
      -- The only challenge of this user that may still be answered. A pointer, so that two can never be live.
      login_challenge_id uuid,
      -- The cooldown between two codes: how many came in a row, and when the next may go.
      send_step smallint not null default 0,
      next_send_at timestamptz,
      created_at timestamptz not null default now()
    )`.execute(db)

  await sql`
    create table factors (
      user_id uuid not null references users on delete cascade,
      factor text not null,
      -- E.164; null for factors that send nothing.
      phone text check (phone ~ '^\\+[1-9][0-9]{1,14}$'),
      -- Consecutive failures. On this row and not on the challenge, so that no new challenge refills them.
      failures integer not null default 0,
      locked_until timestamptz,
      disabled_at timestamptz,
      created_at timestamptz not null default now(),
      primary key (user_id, factor)
    )`.execute(db)

  await sql`
    create table challenges (
      challenge_id uuid primary key,
      user_id uuid not null references users on delete cascade,
      purpose text not null,
      factor text not null,
      channel text not null,
      auth_epoch integer not null,
      code_hash bytea not null check (octet_length(code_hash) = 32),
      attempts smallint not null default 0,
      max_attempts smallint not null,
      delivery_status text not null default 'sent',
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      consumed_at timestamptz,
      check (attempts between 0 and max_attempts)
    )`.execute(db)

  await sql`create index challenges_user_id on challenges (user_id)`.execute(db)
  await sql`create index challenges_expires_at on challenges (expires_at)`.execute(db)
}
