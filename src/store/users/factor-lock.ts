import { type RawBuilder, sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'

/** True while the factor `f` has no lock, and so accepts codes and guesses. */
export const isUnlocked: RawBuilder<unknown> = sql`(f.locked_until is null or f.locked_until <= now())`

/** Builds the new values of the factor `f` after one more failure; its row still has the count before it. */
export const oneMoreFailure = (limits: Limits) => {
  const count = sql`f.failures + 1`
  const isLast = sql`${count} >= ${limits.failuresToDisable}::int`
  // Set at each multiple of the threshold, and twice as long as the lock before it.
  const lockedUntil = sql`case when (${count}) % ${limits.failuresPerLock}::int = 0
    then now() + make_interval(secs => least(${limits.longestLock}::int,
      ${limits.firstLock}::int * power(2, (${count}) / ${limits.failuresPerLock}::int - 1)))
    end`
  const data = sql`jsonb_build_object('user_id', f.user_id, 'factor', f.factor, 'failures', ${count})`
  return {
    /** The number of failures in a row, with this one. */
    count,
    /** True when this failure disables the factor. */
    isLast,
    /** The end of the lock that this failure sets; null where it sets none. */
    lockedUntil,
    /** The event that follows from this failure; null where none does. */
    event: sql`case
          when ${isLast} then jsonb_build_object('type', 'factor.disabled', 'data', ${data})
          when ${lockedUntil} is not null then jsonb_build_object('type', 'account.locked',
            'data', ${data} || jsonb_build_object('until', ${lockedUntil}))
          end`,
  }
}
