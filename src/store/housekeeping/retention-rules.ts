import { type RawBuilder, sql } from 'kysely'

/** The retention of expired data, in whole days. */
export interface Retention {
  /** From the expiry of a challenge. */
  challengeDays: number
  /** From the end of a session or the expiry of a remembered device. */
  sessionDays: number
  /** From the hand-over of a message; at least the period that the guard looks back. */
  ledgerDays: number
  /** From the decision that an audit entry records. */
  auditDays: number
}

/**
 * The most rows that one statement removes. With two million rows in each table, the longest statement takes 40 ms on one
 * core.
 */
export const BATCH = 500

/** The steps of the statement that removes one batch. */
interface BatchSteps {
  /** Selects expired rows, at most one batch. */
  due: RawBuilder<unknown>
  /** Steps between `due` and `removed`, as common table expressions. */
  others?: RawBuilder<unknown>[]
  /** Deletes those of the rows that no other caller has locked. */
  removed: RawBuilder<unknown>
  /** The limit of `due`; `BATCH` by default. */
  most?: number
  /** The number of dependent rows removed before their parent row. */
  also?: RawBuilder<unknown>
}

/** The limit of `due` for rows with dependent rows. */
const LARGE_ROWS = 50

type RetentionRule = (p: Retention) => BatchSteps

const isOlderThan = (moment: RawBuilder<unknown>, days: number) =>
  sql`${moment} < now() - make_interval(days => ${days}::int)`

/**
 * Builds the retention rules, in the order of their removal. Each statement does nothing unless `mine` is true.
 *
 * Housekeeping waits for no lock and holds none for long: it skips rows that other callers have locked. A statement with
 * two locks takes them in the order of `challenges/issue.ts` (factor, user, challenge), or skips locked rows. Expired rows
 * are read in the order of an index, because a limit alone makes the planner scan whole tables.
 */
export const retentionRules = (mine: RawBuilder<unknown>) => {
  /** Returns the rule for the expired rows of a table without dependent rows. */
  const rows =
    (table: string, isOver: (p: Retention) => RawBuilder<unknown>, order?: RawBuilder<unknown>): RetentionRule =>
    (p) => ({
      due: sql`
        select ctid from ${sql.table(table)} where ${mine} and ${isOver(p)}
        ${order ? sql`order by ${order}` : sql``} limit ${sql.lit(BATCH)} for update skip locked`,
      removed: sql`delete from ${sql.table(table)} where ctid = any (array(select ctid from due))`,
    })

  /** Removes sessions. A session may have thousands of tokens, and is removed with the last of them. */
  const sessions: RetentionRule = (p) => ({
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
   * Removes challenges. The current challenge of a user is removed with the user's pointer to it, under the lock on the
   * user. The cooldown, which needs the pointer, is over by then. While a user has a live challenge, all of theirs stay: an
   * undone login points back to the former challenge.
   */
  const challenges: RetentionRule = (p) => ({
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

  /** Removes registrations that were never confirmed, with all their rows. */
  const registrations: RetentionRule = () => ({
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
    // The last time is the newest.
    passwordAttempts: rows(
      'password_attempts',
      () => sql`(times[cardinality(times)] < now() - interval '1 hour') is not false`,
    ),
    registrations,
    // An operator can see for a month after the expiry who used an invite.
    invites: rows('invites', () => sql`expires_at < now() - interval '30 days'`),
    sessions,
    devices: rows('devices', (p) => isOlderThan(sql`expires_at`, p.sessionDays), sql`expires_at`),
    challenges,
    // Before the messages that they count.
    budgets: rows('send_budgets', (p) => sql`day <= (now() at time zone 'UTC')::date - ${p.ledgerDays}::int`),
    ledger: rows('sends', (p) => isOlderThan(sql`created_at`, p.ledgerDays), sql`created_at`),
    // Also undelivered events: without a webhook nothing else removes them.
    events: rows('events', () => sql`created_at < now() - interval '30 days'`),
    audit: rows('audit_events', (p) => isOlderThan(sql`created_at`, p.auditDays), sql`created_at`),
  }
}
