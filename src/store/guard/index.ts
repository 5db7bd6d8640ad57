import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** The target of a block: a prefix of numbers, or a country. */
export interface BlockTarget {
  scope: 'prefix' | 'country'
  /** The first digits of numbers in E.164, with the plus; or an ISO 3166-1 country. */
  target: string
}

/** A block that stops messages to its target. */
export interface GuardBlock extends BlockTarget {
  /** The rule that opened it; `operator` for a manual block. */
  rule: string
  startsAt: Date
  endsAt: Date
  /** The number of blocks in a row. */
  strikes: number
  /** True when its time is over, and a few messages probe whether users enter codes again. */
  isHalfOpen: boolean
}

/** The use of one budget on one day. */
export interface SpentBudget {
  /** An ISO 3166-1 country, `*` for all countries together, `-` for numbers without a country. */
  scope: string
  messages: number
  /** In the currency of SMS_PRICES. */
  cost: string
  /** The times of the first human check for an unknown user, and of the first refusal; null for none. */
  softAt: Date | null
  hardAt: Date | null
}

/** The operations of the command line on the guard. They throw the database's error. */
export interface GuardAdmin {
  /** Lists active and half-open blocks, newest first, and the budgets of today (UTC), the most used first. */
  list(): Promise<{ blocks: GuardBlock[]; budgets: SpentBudget[] }>
  /** Blocks all messages to the target, also to known users, for `seconds`. Replaces a block on it. Returns its end. */
  block(block: BlockTarget & { seconds: number }): Promise<Date>
  /**
   * Lifts a block of an operator or a rule. The guard then ignores earlier messages to the target. Returns false when no
   * block is active or half-open.
   */
  unblock(target: BlockTarget): Promise<boolean>
}

/** True while the block of a country probes after its end. A block of a prefix just ends. */
const isHalfOpen = sql<boolean>`(rule = 'conversion' and ends_at <= now())`
const isActiveOrHalfOpen = sql<boolean>`(lifted_at is null and (ends_at > now() or ${isHalfOpen}))`

/** Opens the guard's blocks and budgets for an operator. */
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
      .where(isActiveOrHalfOpen)
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
      .where(isActiveOrHalfOpen)
      .executeTakeFirstOrThrow()
    return numUpdatedRows > 0n
  },
})
