import { sql } from 'kysely'
import { type DueNotice, NOTICE_WAITS } from '../../core/account/ports.ts'
import type { Outbox } from '../../core/outbox.ts'
import type { Database } from '../database.ts'
import { createOutbox } from './outbox.ts'

/**
 * Opens the outbox of notices. Each row contains a phone number. It is deleted when a provider accepts the notice or when
 * no further attempt is made.
 */
export const createNoticeOutbox = (db: Database): Outbox<DueNotice> =>
  createOutbox<DueNotice>(db, {
    name: 'notices',
    id: 'notice_id',
    waits: NOTICE_WAITS,
    isWaiting: sql`true`,
    done: sql`delete from notices where`,
    giveUp: sql`delete from notices where`,
    items: (columns) => sql`
      select ${columns}, o.kind, o.user_id as "userId", o.challenge_id as "challengeId", o.phone, u.locale
      from claimed o join users u using (user_id)`,
  })
