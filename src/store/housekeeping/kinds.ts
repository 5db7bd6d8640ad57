import { type RawBuilder, sql } from 'kysely'

/** For how many whole days what is over is kept. */
export interface Retention {
  /** Since the code of a challenge expired. */
  challengeDays: number
  /** Since the end of a session or a remembered device. */
  sessionDays: number
  /** Since a message was handed over; never fewer than the guard looks back. */
  ledgerDays: number
  auditDays: number
}

/**
 * Rows of one statement. Measured with two million rows in each table on one core: the longest statement takes 40 ms.
 */
export const BATCH = 500

/** The parts of the statement that removes one batch of a kind. */
interface Parts {
  /** Selects what is over, at most a batch of it. */
  due: RawBuilder<unknown>
  /** Steps between, as common table expressions. */
  others?: RawBuilder<unknown>[]
  /** Deletes what of it can be had. */
  removed: RawBuilder<unknown>
  /** How many rows `due` has at most; `BATCH` if not given. */
  most?: number
  /** How many rows went that are not counted, as part of what is removed later. */
  also?: RawBuilder<unknown>
}

/** Rows on which others hang, that go with them. */
const LARGE_ROWS = 50

type Kind = (p: Retention) => Parts

const isOlderThan = (moment: RawBuilder<unknown>, days: number) =>
  sql`${moment} < now() - make_interval(days => ${days}::int)`

/**
 * What is removed, in the order in which it is. Each statement does nothing unless `mine`.
 *
 * Nobody may wait for it, nor it for anybody: rows that somebody has in hand are passed over. Where a statement holds one
 * thing and takes another it does so in the order of `challenges/issue.ts` (factor, user, challenge), or takes nothing
 * that is held. Found by an index in its order, because a limit alone makes the planner look through whole tables.
 */
export const prunedKinds = (mine: RawBuilder<unknown>) => {
  /** Rows of one table that nothing else hangs on. */
  const rows =
    (table: string, isOver: (p: Retention) => RawBuilder<unknown>, order?: RawBuilder<unknown>): Kind =>
    (p) => ({
      due: sql`
        select ctid from ${sql.table(table)} where ${mine} and ${isOver(p)}
        ${order ? sql`order by ${order}` : sql``} limit ${sql.lit(BATCH)} for update skip locked`,
      removed: sql`delete from ${sql.table(table)} where ctid = any (array(select ctid from due))`,
    })

  /** A session may have thousands of tokens, and goes with the last of them. */
  const sessions: Kind = (p) => ({
    most: LARGE_ROWS,
    due: sql`
      select s.session_id from sessions s
      where ${mine} and ${isOlderThan(sql`least(s.expires_at, s.revoked_at)`, p.sessionDays)}
      order by least(s.expires_at, s.revoked_at) limit ${sql.lit(LARGE_ROWS)} for update skip locked`,
    others: [
      sql`tokens as materialized (
        select t.token_hash from due join refresh_tokens t on t.session_id = due.session_id limit ${sql.lit(BATCH)}
      )`,
      sql`gone as (delete from refresh_tokens t using tokens where t.token_hash = tokens.token_hash returning 1)`,
    ],
    also: sql`select count(*) from gone`,
    removed: sql`
      delete from sessions s using due
      where s.session_id = due.session_id and not exists (
        select from refresh_tokens t where t.session_id = s.session_id and t.token_hash not in (select token_hash from tokens)
      )`,
  })

  /**
   * A challenge is removed when its code has expired long ago. The one that its user points to goes with the pointer,
   * under the user's lock; what the pointer served for, the wait before the next code, is over by then. Where a login
   * has just begun, all of that user's stay: should it be taken back, the pointer returns to the one before.
   */
  const challenges: Kind = (p) => ({
    due: sql`
      select c.challenge_id, c.user_id, u.login_challenge_id is not distinct from c.challenge_id as is_current
      from challenges c
      join users u on u.user_id = c.user_id
      left join challenges latest on latest.challenge_id = u.login_challenge_id
      where ${mine} and ${isOlderThan(sql`c.expires_at`, p.challengeDays)}
        and (latest.challenge_id is null or latest.expires_at <= now())
      order by c.expires_at limit ${sql.lit(BATCH)}`,
    others: [
      sql`held as materialized (
        select u.user_id from users u join due on due.user_id = u.user_id and due.is_current
        where u.login_challenge_id = due.challenge_id
        for no key update of u skip locked
      )`,
      sql`freed as (
        update users u set login_challenge_id = null from held where u.user_id = held.user_id returning u.user_id
      )`,
    ],
    removed: sql`
      delete from challenges c using due
      where c.challenge_id = due.challenge_id and (not due.is_current or due.user_id in (select user_id from freed))`,
  })

  /** Accounts whose first code never came back; all that is theirs goes with them. */
  const registrations: Kind = () => ({
    most: LARGE_ROWS,
    due: sql`
      select r.user_id from registrations r where ${mine} and r.created_at < now() - interval '1 hour'
      order by r.created_at limit ${sql.lit(LARGE_ROWS)} for update skip locked`,
    others: [
      sql`held as materialized (
        select f.user_id from factors f where f.user_id in (select user_id from due) for update skip locked
      )`,
      sql`free as materialized (
        select u.user_id from users u
        where u.user_id in (select user_id from due)
          and (select count(*) from held where held.user_id = u.user_id) =
            (select count(*) from factors f where f.user_id = u.user_id)
        for update of u skip locked
      )`,
    ],
    removed: sql`delete from users u using free where u.user_id = free.user_id`,
  })

  return {
    idempotencyKeys: rows('idempotency_keys', () => sql`expires_at <= now()`),
    nonces: rows('used_nonces', () => sql`expires_at <= now()`),
    // The newest time is the last one.
    passwordAttempts: rows(
      'password_attempts',
      () => sql`(times[cardinality(times)] < now() - interval '1 hour') is not false`,
    ),
    registrations,
    // For a month after their end it can be seen who used them.
    invites: rows('invites', () => sql`expires_at < now() - interval '30 days'`),
    sessions,
    devices: rows('devices', (p) => isOlderThan(sql`expires_at`, p.sessionDays), sql`expires_at`),
    challenges,
    // Before the messages that they add up.
    budgets: rows('send_budgets', (p) => sql`day <= (now() at time zone 'UTC')::date - ${p.ledgerDays}::int`),
    ledger: rows('sends', (p) => isOlderThan(sql`created_at`, p.ledgerDays), sql`created_at`),
    // Also those that nobody was told of: without a webhook nothing else would ever take them away.
    events: rows('events', () => sql`created_at < now() - interval '30 days'`),
    audit: rows('audit_events', (p) => isOlderThan(sql`created_at`, p.auditDays), sql`created_at`),
  }
}
