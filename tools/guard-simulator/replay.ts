import { type RawBuilder, sql } from 'kysely'
import type { Channel } from '../../src/core/delivery/ports.ts'
import type { Database } from '../../src/store/database.ts'
import type { SimulatedSend } from './simulated-send.ts'

/** The kinds of replayed messages. An entered code was requested by a person. */
export type ReplayedKind = 'entered' | 'not entered'

/** A reader of the ledger, for simulations of real traffic. */
export interface LedgerReplay {
  /**
   * Reads the messages from `from` (inclusive) to `to` (exclusive), in order of time, in one query. It omits messages that
   * certainly never left; messages that the guard refused are not in the ledger.
   */
  read(period: { from: Date; to: Date }): Promise<(SimulatedSend & { kind: ReplayedKind })[]>
}

/**
 * The number of the ledger's row `s`, which has only a prefix and a hash. It is the user's number if that still has the
 * prefix. Otherwise the last four digits come from the hash, so that equal numbers stay equal.
 */
export const numberInLedger: RawBuilder<string> = sql`coalesce(
  (select f.phone from factors f where f.user_id = s.user_id and left(f.phone, -4) = s.prefix limit 1),
  s.prefix || lpad(((get_byte(s.phone_hash, 0) * 256 + get_byte(s.phone_hash, 1)) % 10000)::text, 4, '0'))`

/** Creates a reader of the ledger. */
export const createLedgerReplay = ({ kysely }: Database): LedgerReplay => ({
  async read({ from, to }) {
    const rows = await kysely
      .selectFrom('sends as s')
      .select([
        's.created_at as at',
        's.user_id as userId',
        numberInLedger.as('number'),
        's.country',
        's.channel',
        's.address',
        's.network',
        's.segments',
        sql<number | null>`s.price::float`.as('price'),
        sql<number | null>`greatest(1, round(extract(epoch from s.verified_at - s.created_at)))::int`.as('after'),
        sql<boolean>`s.verified_at is not null`.as('isVerified'),
        sql<boolean>`s.status not in ('sent', 'delivered')`.as('isLost'),
      ])
      .where('s.created_at', '>=', from)
      .where('s.created_at', '<', to)
      .where(sql<boolean>`counts(s.status, s.receipt_at)`)
      .where('s.carries_code', '=', true)
      .orderBy('s.created_at')
      .orderBy('s.send_id')
      .execute()
    return rows.map(({ after, isVerified, channel, ...row }) => ({
      ...row,
      channel: channel as Channel,
      verifiedAfter: isVerified ? after : null,
      kind: isVerified ? 'entered' : 'not entered',
    }))
  },
})
