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

/** The rights that a login needs on each table, for its statements and the functions that they call. */
const NEEDS: Partial<Record<keyof Tables | 'kysely_migration', readonly Right[]>> = {
  // The readiness check and the doctor read it.
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

/** The statements of a login, which use every column and function that it needs. */
const STATEMENTS = [
  'account_for_login',
  'password_failure',
  'challenge_begin',
  'challenge_withdraw_begin',
  'challenge_guess',
  'send_settle',
  'audit_insert',
]

/** Problems in the database that would make a login fail. */
export interface LoginObstacles {
  /** True when the database accepts no writes. */
  readOnly: boolean
  /** The names of missing tables. */
  tables: string[]
  /** Rights that the role lacks, such as `insert on events`. */
  rights: string[]
  /** The error for the first statement of a login that the database rejects; undefined when it accepts all. */
  refusal: Error | undefined
}

/** Prepares the statements of a login, for a process whose stores have not done so. */
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
 * Prepares the check for obstacles to a login. The check writes and commits as a login does, but only a message in the
 * write-ahead log and no row. Then it plans the statements of a login, which must have been prepared. It throws
 * `service_unavailable` or `overloaded` when the database does not answer.
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
