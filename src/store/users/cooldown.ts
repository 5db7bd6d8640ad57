import { type RawBuilder, sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'

/**
 * Builds the end of a user's cooldown, from the user's row `holder`. The cooldown is over when the message that started it
 * never left. Use it in a step after the one that locks the user.
 */
export const nextSendAt = (holder: string): RawBuilder<unknown> => {
  const column = (name: string) => sql.ref(`${holder}.${name}`)
  return sql`case when ${column('next_send_at')} > now()
    then next_send(${column('next_send_at')}, ${column('login_challenge_id')}) else ${column('next_send_at')} end`
}

/** Builds the columns of the locked row `holder` that decide its cooldown, for the step `account`. */
export const cooldownOf = (holder: string): RawBuilder<unknown> => {
  const due = nextSendAt(holder)
  return sql`${due} as next_send_at, coalesce(${sql.ref(`${holder}.next_send_at`)} > now() and ${due} <= now(), false) as is_waived`
}

/** Builds the cooldown between two codes, for statements that issue one. The step `account` has the locked user. */
export const cooldownFragments = (limits: Limits) => {
  const cooldowns = sql`${[...limits.cooldowns]}::int[]`
  return {
    cooldownIsOver: sql`(account.next_send_at is null or account.next_send_at <= now())`,

    /**
     * The step of the cooldown that a code sent now starts: one further than the last, less one for each span of quiet
     * time. It is the first step if `startsAnew`. A message that never left has taken no step.
     */
    nextStep: (startsAnew: RawBuilder<unknown>) => sql`case
          when ${startsAnew} or account.next_send_at is null then 1
          else least(cardinality(${cooldowns}), 1 + greatest(0, account.send_step - account.is_waived::int
            - floor(extract(epoch from now() - account.next_send_at) / ${limits.cooldownDecay}::int)::int))
          end`,

    /** The end of the cooldown whose step is `step.number`. */
    endOfCooldown: sql`now() + make_interval(secs => (${cooldowns})[step.number])`,
  }
}
