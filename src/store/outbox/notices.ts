import { sql } from 'kysely'
import type { DueNotice, NoticeStore } from '../../core/account/ports.ts'
import type { Database } from '../database.ts'

/** Tries of one notice: at once, and then after a minute, twice as long each time. */
const MOST_TRIES = 8

/** Notices that one call takes. */
const BATCH = 5

/** Notices in Postgres, where the statement that makes a change writes them down. */
export const createNoticeStore = (db: Database): NoticeStore => {
  const claim = db.prepare<object, DueNotice>(
    'notice_claim',
    () => sql`
      with due as materialized (
        select notice_id from notices where next_attempt_at <= now()
        order by next_attempt_at limit ${sql.lit(BATCH)} for update skip locked
      ), given_up as (
        delete from notices n using due where n.notice_id = due.notice_id and n.attempts >= ${sql.lit(MOST_TRIES)}
      )
      update notices n
      set attempts = n.attempts + 1, next_attempt_at = now() + make_interval(mins => power(2, n.attempts)::int)
      from due, users u
      where n.notice_id = due.notice_id and n.attempts < ${sql.lit(MOST_TRIES)} and u.user_id = n.user_id
      returning n.notice_id as "noticeId", n.kind, n.user_id as "userId", n.challenge_id as "challengeId", n.phone, u.locale`,
  )
  const done = db.prepare<{ noticeId: string }, unknown>(
    'notice_done',
    (p) => sql`delete from notices where notice_id = ${p.noticeId}::uuid`,
  )
  return {
    claim: () => claim({}),
    done: async (noticeId) => {
      await done({ noticeId })
    },
  }
}
