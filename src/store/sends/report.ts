import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** An entry of the ledger, as an operator reads it. */
export interface ReportedSend {
  sendId: string
  challengeId: string
  username: string | null
  provider: string
  channel: string
  country: string | null
  segments: number
  /** In the currency of SMS_PRICES. */
  price: string | null
  status: string
  messageId: string | null
  reason: string | null
  /** The provider's response time in ms. */
  took: number | null
  createdAt: Date
  receiptAt: Date | null
}

/**
 * The ledger, as an operator searches it. Each method runs one query and returns the latest 100 entries, oldest first.
 */
export interface SendReport {
  /** Returns the messages of a challenge. */
  ofChallenge(challengeId: string): Promise<ReportedSend[]>
  /** Returns the messages to a number, by its hashes: one for each secret that may have made it. */
  ofPhone(hashes: readonly Buffer[]): Promise<ReportedSend[]>
}

const MOST = 100

/** Opens the ledger for an operator. */
export const createSendReport = ({ kysely }: Database): SendReport => {
  const latest = () =>
    kysely
      .selectFrom('sends as s')
      .leftJoin('users as u', 'u.user_id', 's.user_id')
      .select([
        's.send_id as sendId',
        's.challenge_id as challengeId',
        'u.username',
        's.provider',
        's.channel',
        's.country',
        's.segments',
        sql<string | null>`trim_scale(s.price)`.as('price'),
        's.status',
        's.message_id as messageId',
        's.reason',
        's.took_ms as took',
        's.created_at as createdAt',
        's.receipt_at as receiptAt',
      ])
      .orderBy('s.created_at', 'desc')
      .limit(MOST)

  return {
    ofChallenge: async (challengeId) => (await latest().where('s.challenge_id', '=', challengeId).execute()).reverse(),
    ofPhone: async (hashes) =>
      (
        await latest()
          .where('s.phone_hash', 'in', [...hashes])
          .execute()
      ).reverse(),
  }
}
