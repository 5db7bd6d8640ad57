import { type RawBuilder, sql } from 'kysely'

/**
 * Builds the end of a user's cooldown, from the user's row `holder`. The cooldown is over when the message that started it
 * never left. Use it in a step after the one that locks the user.
 */
export const nextSendAt = (holder: string): RawBuilder<unknown> => {
  const column = (name: string) => sql.ref(`${holder}.${name}`)
  return sql`case when ${column('next_send_at')} > now()
    then next_send(${column('next_send_at')}, ${column('login_challenge_id')}) else ${column('next_send_at')} end`
}
