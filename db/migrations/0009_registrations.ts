import { type Kysely, sql } from 'kysely'

/** Accounts that wait for their first code, invites, and numbers that wait for theirs. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table invites (
      -- SHA-256 of 256 random bits.
      invite_hash bytea primary key check (octet_length(invite_hash) = 32),
      note text,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      -- Who used it. No reference: that it was used outlives its user.
      user_id uuid
    )`.execute(db)

  // The user row exists, so that challenge, counters and ledger are as for everybody; what it holds in username_key begins
  // with a space, which no name does, and so nobody can log in to it and nobody is kept from the name.
  await sql`
    create table registrations (
      user_id uuid primary key references users on delete cascade,
      username_key text not null,
      invite_hash bytea,
      created_at timestamptz not null default now()
    )`.execute(db)
  await sql`create index registrations_created_at on registrations (created_at)`.execute(db)

  // What the former number is to be told, until a company has it.
  await sql`
    create table notices (
      notice_id uuid primary key default gen_random_uuid(),
      user_id uuid not null references users on delete cascade,
      challenge_id uuid not null,
      phone text not null,
      attempts smallint not null default 0,
      next_attempt_at timestamptz not null default now()
    )`.execute(db)
  await sql`create index notices_next_attempt_at on notices (next_attempt_at)`.execute(db)

  // The number that a challenge is to prove, E.164, where that is not the factor's own yet. On the challenge, so that a
  // code proves the number that it was sent to and no other.
  await sql`
    alter table challenges
      add column new_phone text check (new_phone ~ '^\\+[1-9][0-9]{1,14}$'),
      -- The session that asked for a change of the account: the challenge ends with it.
      add column session_id uuid`.execute(db)
}
