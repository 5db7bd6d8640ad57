import { type RawBuilder, sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'
import type { NewSession } from '../../core/session/ports.ts'
import type { ChallengeRef } from '../../core/terms.ts'
import { insertSession, insertToken } from '../sessions/parts.ts'

/*
 * The outcomes of a correct code, as steps of the statement in `guess.ts`. They read two steps of it: `account`, the locked
 * user, and `guess`, which has `spent` when the code was correct.
 */

/** The parameters of the outcomes: the challenge, and the session that a correct code opens. */
export interface OutcomeParameters extends ChallengeRef, NewSession {
  /** The `amr` of the session for each channel that the code may have come by, and `none`, as JSON. */
  amr: string
  /** The device to remember; null for none. */
  deviceId: string | null
  deviceHash: Buffer | null
  /** The session that asked for the challenge; null for a login or a registration. */
  bySession: string | null
}

/**
 * Builds the steps that turn the registration of this code into an account. `waiting` has the registration, and `taken` if
 * another user has the name by now. `registered` has the user once the account is made. That needs a free name and, if the
 * registration came by invite, a valid and unused invite.
 */
export const turnIntoAccount = (p: OutcomeParameters): RawBuilder<unknown> => sql`
      waiting as materialized (
        select r.*, exists (select from users other where other.username_key = r.username_key) as taken
        from registrations r join guess on guess.spent
        where r.user_id = ${p.userId} and ${p.purpose} = 'register'
      ),
      -- Use up the invite.
      invited as (
        update invites i set user_id = waiting.user_id
        from waiting
        where i.invite_hash = waiting.invite_hash and i.user_id is null and i.expires_at > now() and not waiting.taken
        returning i.user_id
      ),
      -- Give the user the name: from here on they can log in.
      registered as (
        update users u set username_key = waiting.username_key
        from waiting
        where u.user_id = waiting.user_id and not waiting.taken
          and (waiting.invite_hash is null or exists (select from invited))
        returning u.user_id
      ),
      welcomed as (
        delete from registrations r using registered where r.user_id = registered.user_id
      )`

/**
 * Builds the steps that complete a change of the phone number, which the step `tally` has written. `renumbered` has the user
 * with the new epoch, which ends every session and device of the former one. The notice goes to the former number.
 */
export const changePhone = (p: OutcomeParameters): RawBuilder<unknown> => sql`
      renumbered as (
        update users u set auth_epoch = u.auth_epoch + 1
        from guess
        where u.user_id = ${p.userId} and guess.spent and guess.new_phone is not null
        returning u.user_id, u.auth_epoch
      ),
      noticed as (
        insert into notices (user_id, challenge_id, phone)
        select account.user_id, ${p.challengeId}::uuid, account.phone from account join renumbered using (user_id)
        where account.phone is not null
      )`

/**
 * Builds the steps that open the session and, if the caller asks for it, remember the device. The session replaces the one
 * that asked for the challenge, if any. A registration that did not become an account gets no session.
 */
export const openSessionOfGuess = (p: OutcomeParameters, limits: Limits): RawBuilder<unknown> => sql`
      opened as (
        ${insertSession(p, limits, {
          acr: sql`'aal2'`,
          amr: sql`array(select jsonb_array_elements_text(${p.amr}::jsonb -> coalesce(guess.channel, 'none')))`,
          epoch: sql`coalesce(renumbered.auth_epoch, account.auth_epoch)`,
          former: sql`${p.bySession}::uuid`,
          from: sql`guess cross join account left join renumbered on true
              where guess.spent and (${p.purpose} <> 'register' or exists (select from registered))`,
        })}
      ),
      token as (
        ${insertToken(p)}
      ),
      remembered as (
        insert into devices (device_id, user_id, auth_epoch, token_hash, name, address, expires_at)
        select ${p.deviceId}::uuid, user_id, auth_epoch, ${p.deviceHash}::bytea, name, address,
          now() + make_interval(secs => ${limits.deviceTtl}::int)
        from opened where ${p.deviceId}::uuid is not null
      )`

/** Builds the step that writes the events about a changed number, a new account and a remembered device. */
export const announce = (p: OutcomeParameters): RawBuilder<unknown> => sql`
      announced as (
        insert into events (type, data)
        select 'phone.changed', jsonb_build_object('user_id', user_id) from renumbered
        union all select 'user.registered', jsonb_build_object('user_id', user_id) from registered
        union all select 'device.remembered', jsonb_build_object('user_id', user_id, 'device_id', ${p.deviceId}::text)
        from opened where ${p.deviceId}::uuid is not null
      )`
