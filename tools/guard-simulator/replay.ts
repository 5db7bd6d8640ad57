import { type RawBuilder, sql } from 'kysely'
import type { Channel } from '../../src/core/delivery/ports.ts'
import type { Database } from '../../src/store/database.ts'
import type { SimulatedSend } from './simulated-send.ts'

/** What is replayed is counted as one of these: codes that were entered were asked for by people. */
export type ReplayedKind = 'entered' | 'not entered'

/** Reads the ledger as messages of a simulation. */
export interface LedgerReplay {
  /**
   * What was sent from `from` on and before `to`, in the order of time, in one query. What surely never left is not in it,
   * and neither is what the guard of that day refused.
   */
  read(period: { from: Date; to: Date }): Promise<(SimulatedSend & { kind: ReplayedKind })[]>
}

/**
 * The number that the row `s` was sent to. The ledger does not have it: it is taken from the user where it fits the
 * prefix still, and else has four digits of the hash, so that one number stays one number.
 */
export const numberInLedger: RawBuilder<string> = sql`coalesce(
  (select f.phone from factors f where f.user_id = s.user_id and left(f.phone, -4) = s.prefix limit 1),
  s.prefix || lpad(((get_byte(s.phone_hash, 0) * 256 + get_byte(s.phone_hash, 1)) % 10000)::text, 4, '0'))`

/** The ledger as a source of simulations. */
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
