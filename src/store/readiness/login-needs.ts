import { sql } from 'kysely'
import { policyFor } from '../../core/guard/rules.ts'
import { limitsFor, PASSWORD_RULES } from '../../core/limits.ts'
import { createAuditTrail } from '../audit/index.ts'
import { createChallengeStore } from '../challenges/index.ts'
import type { Database } from '../database.ts'
import { createSendLedger } from '../sends/index.ts'
import type { Tables } from '../tables/index.ts'
import { createAccountStore } from '../users/index.ts'

type Right = 'select' | 'insert' | 'update'

/** What a login does with each table, in statements and in the functions that they call. */
const NEEDS: Partial<Record<keyof Tables | 'kysely_migration', readonly Right[]>> = {
  // What readiness and the doctor read.
  kysely_migration: ['select'],
  users: ['select', 'update'],
  factors: ['select', 'update'],
  challenges: ['select', 'insert', 'update'],
  sends: ['select', 'insert', 'update'],
  send_budgets: ['select', 'insert', 'update'],
  guard_blocks: ['select', 'insert', 'update'],
  events: ['insert'],
  password_attempts: ['select', 'insert', 'update'],
  idempotency_keys: ['select', 'insert', 'update'],
  sessions: ['select', 'insert', 'update'],
  refresh_tokens: ['select', 'insert', 'update'],
  audit_events: ['select', 'insert'],
}

/** The statements of a login, which name every column and function that it needs. */
const STATEMENTS = [
  'account_for_login',
  'password_failure',
  'challenge_begin',
  'challenge_withdraw_begin',
  'challenge_guess',
  'send_settle',
  'audit_insert',
]

/** What a login needs of the database and does not find there. */
export interface LoginObstacles {
  /** Whether nothing can be written. */
  readOnly: boolean
  /** Tables that are not there. */
  tables: string[]
  /** Rights that the role lacks: `insert on events`. */
  rights: string[]
  /** Why the database refuses a statement of a login; undefined where it takes all of them. */
  refusal: Error | undefined
}

/** Prepares the statements of a login where no store has done so. */
export const prepareLogin = (db: Database): void => {
  const limits = limitsFor()
  const { codeTtl, cooldowns } = limits
  createAccountStore(db, PASSWORD_RULES)
  createChallengeStore(
    db,
    limits,
    policyFor({ budgets: {}, codeTtl, cooldowns, humanCheck: false, caps: true, fraud: true }),
  )
  createSendLedger(db)
  createAuditTrail(db, { onLost: () => {} })
}

/**
 * Makes the question what stands in the way of a login. It writes to the database as a login does, flushed and committed: a
 * message in its log, which leaves nothing in any table. Then it plans the statements of a login, which must have been
 * prepared. The question throws `service_unavailable` or `overloaded` when the database does not answer.
 */
export const createLoginNeeds = (db: Database): (() => Promise<LoginObstacles>) => {
  const needs = JSON.stringify(Object.entries(NEEDS).map(([name, rights]) => ({ name, rights })))
  const look = db.prepare<object, Omit<LoginObstacles, 'refusal'>>(
    'login_needs',
    () => sql`
      with need as (
        select name, to_regclass(name) as found, rights
        from jsonb_to_recordset(${needs}::jsonb) as need (name text, rights text[])
      )
      select standby or current_setting('transaction_read_only')::boolean as "readOnly",
        array(select name from need where found is null order by name) as tables,
        array(
          select r || ' on ' || name from need cross join unnest(rights) r
          where found is not null and not has_any_column_privilege(found, r)
          order by name, r
        ) as rights,
        case when not standby then pg_logical_emit_message(true, 'doorcode', 'ready') end as written
      from pg_is_in_recovery() as standby`,
    { readOnly: true },
  )

  return async () => {
    const [{ readOnly, tables, rights }] = (await look({})) as [Omit<LoginObstacles, 'refusal'>]
    const refusal = await db.explain(STATEMENTS).then(
      () => undefined,
      (error: Error) => error,
    )
    return { readOnly, tables, rights, refusal }
  }
}
