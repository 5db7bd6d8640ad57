import { sql } from 'kysely'
import type { ChallengeStore, ChallengeView, Replay } from '../../core/challenge/ports.ts'
import type { Channel, DeliveryStatus } from '../../core/delivery/ports.ts'
import type { ChallengeRef, Enrollment } from '../../core/terms.ts'
import type { Database } from '../database.ts'
import { secondsLeft } from '../moments.ts'
import { nextSendAt } from '../users/cooldown.ts'
import { isLive } from './live.ts'

/** Seconds for which a send without an outcome counts as in progress; no outcome is written later. */
const LONGEST_SEND = 10

/** The message of a challenge, in columns; the channel is null when nothing was sent. */
interface DeliveryColumns {
  channel: Channel | null
  destination: string | null
  status: DeliveryStatus
  resendIn: number
}

const statementsOf = (db: Database) => ({
  /** Reads the challenge as its holder may see it. */
  find: db.prepare<ChallengeRef, Omit<ChallengeView, 'delivery'> & DeliveryColumns>(
    'challenge_find',
    (p) => sql`
      select c.factor, c.options, c.channel, coalesce(c.new_phone, f.phone) as destination, u.locale,
        coalesce(s.status, 'unknown') as status,
        (select coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'channel', channel)), '[]') from sends
          where challenge_id = c.challenge_id and status in ('undelivered', 'failed')) as failed,
        (select array_agg(factor order by created_at) from factors where user_id = c.user_id) as factors,
        case when c.consumed_at is not null then 'approved' when ${isLive} then 'waiting' else 'closed' end as state,
        c.max_attempts - c.attempts as "attemptsLeft",
        ${secondsLeft(sql`c.expires_at`)} as "expiresIn", ${secondsLeft(nextSendAt('u'))} as "resendIn"
      from challenges c
      join users u on u.user_id = c.user_id
      join factors f on f.user_id = c.user_id and f.factor = c.factor
      left join sends s on s.send_id = c.send_id
      where c.challenge_id = ${p.challengeId} and c.user_id = ${p.userId} and c.purpose = ${p.purpose}`,
    { readOnly: true },
  ),

  /** Reads the outcome of the request with this Idempotency-Key; a request of this user comes first. */
  findReplay: db.prepare<{ keyHash: Buffer; userId: string }, Omit<Replay, 'delivery'> & DeliveryColumns>(
    'challenge_find_replay',
    (p) => sql`
      select k.fingerprint, k.user_id as "userId", k.challenge_id as "challengeId", k.issued_at as "issuedAt",
        k.secret_id as "secretId",
        extract(epoch from k.expires_at - k.created_at)::int as life, c.factor, c.options, c.channel,
        coalesce(c.new_phone, f.phone) as destination, coalesce(nullif(s.status, 'queued'), 'unknown') as status,
        coalesce(s.status = 'queued' and s.created_at > now() - make_interval(secs => ${LONGEST_SEND}::int), false)
          as "inProgress",
        ${secondsLeft(sql`c.expires_at`)} as "expiresIn", ${secondsLeft(nextSendAt('u'))} as "resendIn"
      from idempotency_keys k
      join challenges c on c.challenge_id = k.challenge_id
      join users u on u.user_id = c.user_id
      left join factors f on f.user_id = c.user_id and f.factor = c.factor
      left join sends s on s.send_id = c.send_id
      where k.key_hash = ${p.keyHash}::bytea and k.expires_at > now()
      order by k.user_id <> ${p.userId}::uuid limit 1`,
    { readOnly: true },
  ),

  /** Reads the secret and the counter of a user's factor. */
  findEnrollment: db.prepare<{ userId: string; factor: string }, Enrollment>(
    'factor_enrollment',
    (p) => sql`
      select secret, counter::float8 as counter from factors where user_id = ${p.userId} and factor = ${p.factor}`,
    { readOnly: true },
  ),
})

/** Makes the methods of the store that read a challenge, or what a factor keeps. */
export const prepareViews = (db: Database): Pick<ChallengeStore, 'find' | 'findReplay' | 'findEnrollment'> => {
  const statements = statementsOf(db)
  return {
    async findReplay(keyHash, userId) {
      const [row] = await statements.findReplay({ keyHash, userId })
      if (!row) return undefined
      const { channel, destination, status, resendIn, ...replay } = row
      return { ...replay, delivery: channel && { channel, destination: destination ?? '', status, resendIn } }
    },

    async find(ref) {
      const [row] = await statements.find(ref)
      if (!row) return undefined
      const { channel, destination, status, resendIn, ...view } = row
      return { ...view, delivery: channel && { channel, destination: destination ?? '', status, resendIn } }
    },

    async findEnrollment(userId, factor) {
      return (await statements.findEnrollment({ userId, factor }))[0] ?? { secret: null, counter: null }
    },
  }
}
