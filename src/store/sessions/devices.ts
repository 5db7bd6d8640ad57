import { sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'
import type {
  DeviceResult,
  DeviceStore,
  DeviceView,
  NewSession,
  OpenSession,
  Rotation,
} from '../../core/session/ports.ts'
import type { Database } from '../database.ts'
import { isUnlocked } from '../users/factor-lock.ts'
import { insertSession, insertToken, openSession, sessionColumns } from './parts.ts'

/** Opens the store of remembered devices. Its statements lock the user, then the device, like all others. */
export const createDeviceStore = (db: Database, limits: Limits): DeviceStore => {
  const open = db.prepare<
    NewSession & Rotation & { userId: string; authEpoch: number; pair: Buffer; amr: string },
    {
      outcome: DeviceResult['outcome']
      deviceId: string
      deviceLasts: number
      salt: Buffer
      successor: Buffer
    } & OpenSession
  >(
    'device_open_session',
    (p) => sql`
      with
      -- 1. Lock the user, unless the account was disabled or changed since it was read, or has no usable factor.
      account as materialized (
        select u.user_id, u.auth_epoch from users u
        join factors f on f.user_id = u.user_id and f.disabled_at is null and ${isUnlocked}
        where u.user_id = ${p.userId} and u.disabled_at is null and u.auth_epoch = ${p.authEpoch}::int
        limit 1 for no key update of u
      ),
      -- 2. Rotate the token of the device.
      used as materialized (
        select d.* from account cross join lateral use_device(account.user_id, ${p.hash}::bytea, ${p.nextHash}::bytea,
          ${p.salt}::bytea, ${p.address}, ${limits.rotationGrace}::int) d
      ),
      known as materialized (
        select used.* from used where used.outcome in ('rotated', 'repeated')
      ),
      -- 3. If the device is known, forget the failures of this name at this address.
      forgiven as (
        delete from password_attempts where key = ${p.pair}::bytea and exists (select from known)
      ),
      -- 4. Open a session with its refresh token. It has one factor.
      opened as (
        ${insertSession(p, limits, {
          acr: sql`'aal1'`,
          amr: sql`array(select jsonb_array_elements_text(${p.amr}::jsonb))`,
          epoch: sql`account.auth_epoch`,
          deviceId: sql`(known.device).device_id`,
          from: sql`account cross join known`,
        })}
      ),
      token as (
        ${insertToken(p)}
      )
      select used.outcome, used.salt, (used.device).device_id as "deviceId", (used.device).token_hash as successor,
        ceil(extract(epoch from (used.device).expires_at - now()))::int as "deviceLasts", ${sessionColumns('opened', limits)}
      from used left join opened on true`,
  )

  const isKnown = sql`(d.expires_at > now() and d.auth_epoch = u.auth_epoch)`

  const list = db.prepare<{ userId: string }, DeviceView>(
    'device_list',
    (p) => sql`
      select d.device_id as "deviceId", d.name, d.address, d.created_at as "createdAt", d.last_used_at as "lastUsedAt",
        d.expires_at as "expiresAt"
      from devices d join users u using (user_id)
      where d.user_id = ${p.userId} and ${isKnown}
      order by d.last_used_at desc, d.device_id`,
    { readOnly: true },
  )

  const forget = db.prepare<{ userId: string; deviceId: string | null }, unknown>(
    'device_forget',
    (p) => sql`
      delete from devices d using users u
      where d.user_id = ${p.userId} and u.user_id = d.user_id and ${isKnown}
        and (${p.deviceId}::uuid is null or d.device_id = ${p.deviceId}::uuid)
      returning d.device_id`,
  )

  return {
    async openByDevice({ userId, authEpoch, token, attempt, session, amr }) {
      const [row] = await open({
        ...session,
        ...token,
        userId,
        authEpoch,
        pair: attempt.pair,
        amr: JSON.stringify(amr),
      })
      if (!row) return { outcome: 'unknown' }
      const { outcome, deviceId, deviceLasts: lasts, salt, successor } = row
      if (outcome === 'rotated') return { outcome, deviceId, lasts, session: openSession(row) }
      if (outcome === 'repeated') return { outcome, deviceId, lasts, session: openSession(row), salt, successor }
      return outcome === 'reused' ? { outcome, deviceId } : { outcome }
    },

    list: (userId) => list({ userId }),
    forget: async (device) => (await forget(device)).length > 0,
    forgetAll: async (userId) => (await forget({ userId, deviceId: null })).length,
  }
}
