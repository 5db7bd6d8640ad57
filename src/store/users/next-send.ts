import { type RawBuilder, sql } from 'kysely'

/**
 * The end of a user's cooldown: that of their row (`holder`, such as `u`), unless the message that started the cooldown never
 * left. Use it in a step after the one that locks the user.
 */
export const nextSendAt = (holder: string): RawBuilder<unknown> => {
  const column = (name: string) => sql.ref(`${holder}.${name}`)
  return sql`case when ${column('next_send_at')} > now()
    then next_send(${column('next_send_at')}, ${column('login_challenge_id')}) else ${column('next_send_at')} end`
}
