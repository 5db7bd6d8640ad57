import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** What a block is on: numbers that begin alike, or a country. */
export interface BlockTarget {
  scope: 'prefix' | 'country'
  /** The first digits of numbers in E.164, with the plus; or an ISO 3166-1 country. */
  target: string
}

/** A block that holds messages up. */
export interface GuardBlock extends BlockTarget {
  /** Which rule made it; `operator` for one made by hand. */
  rule: string
  startsAt: Date
  endsAt: Date
  /** How often in a row it was made. */
  strikes: number
  /** Its time is over, and a few messages find out whether codes are entered again. */
  isHalfOpen: boolean
}

/** What one day has taken from one budget. */
export interface SpentBudget {
  /** An ISO 3166-1 country, `*` for all together, `-` for numbers of no country. */
  scope: string
  messages: number
  /** In the currency of SMS_PRICES. */
  cost: string
  /** When strangers were first asked for a human check, and when the first of them was refused. */
  softAt: Date | null
  hardAt: Date | null
}

/** What the command line does to the guard. Throws the database's error. */
export interface GuardAdmin {
  /** Blocks in force and half-open ones, the latest first; what today (UTC) has taken, the most first. */
  list(): Promise<{ blocks: GuardBlock[]; budgets: SpentBudget[] }>
  /** Lets no message there, to known users neither, for so many seconds; returns when it ends. Replaces any block on the same target. */
  block(block: BlockTarget & { seconds: number }): Promise<Date>
  /**
   * Takes a block off, whoever made it; false when none is in force or half open. The guard forgets what was sent there
   * before.
   */
  unblock(target: BlockTarget): Promise<boolean>
}

/** Only a country is tried after its time: a prefix is simply free again. */
const isHalfOpen = sql<boolean>`(rule = 'conversion' and ends_at <= now())`
const isInForce = sql<boolean>`(lifted_at is null and (ends_at > now() or ${isHalfOpen}))`

/** The operator's side of the guard. */
export const createGuardAdmin = ({ kysely }: Database): GuardAdmin => ({
  async list() {
    const blocks = await kysely
      .selectFrom('guard_blocks')
      .select([
        sql<BlockTarget['scope']>`scope`.as('scope'),
        'target',
        'rule',
        'starts_at as startsAt',
        'ends_at as endsAt',
        'strikes',
        isHalfOpen.as('isHalfOpen'),
      ])
      .where(isInForce)
      .orderBy('starts_at', 'desc')
      .orderBy('target')
      .execute()
    const budgets = await kysely
      .selectFrom('send_budgets')
      .select(['scope', 'messages', sql<string>`trim_scale(cost)`.as('cost'), 'soft_at as softAt', 'hard_at as hardAt'])
      .where('day', '=', sql<string>`(now() at time zone 'UTC')::date`)
      .orderBy('messages', 'desc')
      .orderBy('scope')
      .execute()
    return { blocks, budgets }
  },

  async block({ scope, target, seconds }) {
    const endsAt = sql<Date>`now() + make_interval(secs => ${seconds})`
    const block = { rule: 'operator', starts_at: sql<Date>`now()`, ends_at: endsAt, strikes: 1, lifted_at: null }
    const { ends_at } = await kysely
      .insertInto('guard_blocks')
      .values({ scope, target, ...block })
      .onConflict((conflict) => conflict.columns(['scope', 'target']).doUpdateSet(block))
      .returning('ends_at')
      .executeTakeFirstOrThrow()
    return ends_at
  },

  async unblock({ scope, target }) {
    const { numUpdatedRows } = await kysely
      .updateTable('guard_blocks')
      .set({ lifted_at: sql<Date>`now()` })
      .where('scope', '=', scope)
      .where('target', '=', target)
      .where(isInForce)
      .executeTakeFirstOrThrow()
    return numUpdatedRows > 0n
  },
})
