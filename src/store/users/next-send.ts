import { type RawBuilder, sql } from 'kysely'

/**
 * When the next code of a user may go: what their row (`holder`, such as `u`) says, unless the message that the cooldown
 * was started for never left. To be asked in a step behind the one that locks the user.
 */
export const nextSendAt = (holder: string): RawBuilder<unknown> => {
  const column = (name: string) => sql.ref(`${holder}.${name}`)
  return sql`case when ${column('next_send_at')} > now()
    then next_send(${column('next_send_at')}, ${column('login_challenge_id')}) else ${column('next_send_at')} end`
}
