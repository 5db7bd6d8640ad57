import { type Kysely, sql } from 'kysely'

/** What the guard counts by and remembers: where sends came from and whether they converted, daily budgets, blocks. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    alter table sends
      -- Who asked: one IPv4 address or IPv6 /64, and the /24 or /48 it lies in; null for sends of before.
      add column address text,
      add column network text,
      -- When the code that it carried was entered, right: what conversion is made of.
      add column verified_at timestamptz,
      -- Whether this user had proven this number within the last 30 days when it was sent.
      add column known boolean not null default false,
      -- The day whose budgets it was taken from; null where none was, or where it was given back.
      add column budget_day date`.execute(db)
  // What was entered before this column was there was entered all the same: or every country would look like fraud.
  await sql`
    update sends s set verified_at = c.consumed_at from challenges c
    where c.challenge_id = s.challenge_id and c.consumed_at is not null`.execute(db)
  await sql`create index sends_user_id on sends (user_id, created_at)`.execute(db)
  await sql`create index sends_prefix on sends (prefix, created_at) where not known`.execute(db)
  await sql`create index sends_country on sends (country, created_at) where not known`.execute(db)
  await sql`create index sends_address on sends (address, created_at) where not known`.execute(db)
  await sql`create index sends_network on sends (network, created_at) where not known`.execute(db)

  // Whether a row has cost money, or may have: what surely never left counts nowhere. A receipt that says "failed" comes
  // too late to be believed in this.
  await sql`
    create function counts(status text, receipt_at timestamptz) returns boolean language sql immutable as
    $$ select status <> 'failed' or receipt_at is not null $$`.execute(db)

  await sql`
    create table send_budgets (
      -- An ISO country, '*' for all together, '-' for numbers of no country.
      scope text not null,
      -- In UTC.
      day date not null,
      messages integer not null default 0 check (messages >= 0),
      -- Estimated, in the currency of SMS_PRICES.
      cost numeric(14, 6) not null default 0,
      soft_at timestamptz,
      hard_at timestamptz,
      primary key (scope, day)
    )`.execute(db)

  await sql`
    create table guard_blocks (
      scope text not null check (scope in ('prefix', 'country')),
      -- The first digits of numbers in E.164, or an ISO country.
      target text not null,
      -- Which rule made it; 'operator' for one made by hand.
      rule text not null,
      starts_at timestamptz not null,
      ends_at timestamptz not null,
      -- How often in a row it was made: each time it lasts longer.
      strikes integer not null default 1,
      -- When it was taken off, by hand or because codes were entered again; what was sent before is forgotten.
      lifted_at timestamptz,
      primary key (scope, target)
    )`.execute(db)

  // The outbox of events that operators subscribe to: written with the decision, delivered afterwards.
  await sql`
    create table events (
      event_id uuid primary key default gen_random_uuid(),
      type text not null,
      data jsonb not null,
      created_at timestamptz not null default now(),
      next_attempt_at timestamptz not null default now(),
      attempts integer not null default 0,
      delivered_at timestamptz,
      -- When it was given up.
      abandoned_at timestamptz
    )`.execute(db)
  await sql`
    create index events_waiting on events (next_attempt_at) where delivered_at is null and abandoned_at is null`.execute(
    db,
  )
}
