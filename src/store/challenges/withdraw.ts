import { sql } from 'kysely'
import type { BeginUndo, ChallengeStore, ReplaceUndo } from '../../core/challenge/ports.ts'
import type { ChallengeRef } from '../../core/terms.ts'
import type { Database } from '../database.ts'

/** The parameters of `withdrawReplace`; the options are JSON. */
type WithdrawReplaceParameters = ChallengeRef & Omit<ReplaceUndo, 'formerOptions'> & { formerOptions: string | null }

const statementsOf = (db: Database) => ({
  /** Undoes `begin`, unless there is a newer challenge. */
  withdrawBegin: db.prepare<ChallengeRef & BeginUndo, unknown>(
    'challenge_withdraw_begin',
    (p) => sql`
      with
      -- 1. Lock the user, end the cooldown, and make the former challenge current again.
      account as (
        update users
        set login_challenge_id = ${p.formerChallengeId}::uuid, send_step = greatest(0, send_step - 1), next_send_at = now()
        where user_id = ${p.userId} and login_challenge_id = ${p.challengeId}
        returning user_id
      ),
      -- 2. Free the Idempotency-Key.
      freed as (
        delete from idempotency_keys k using account where k.challenge_id = ${p.challengeId}
      )
      -- 3. Remove the challenge.
      delete from challenges c using account
      where c.challenge_id = ${p.challengeId} and c.user_id = account.user_id and c.consumed_at is null`,
  ),

  /** Undoes `replaceCode`, unless there is a newer code. */
  withdrawReplace: db.prepare<WithdrawReplaceParameters, unknown>(
    'challenge_withdraw_replace',
    (p) => sql`
      with
      -- 1. Lock the user and end the cooldown, if the challenge still has the code that did not leave.
      account as (
        update users set send_step = greatest(0, send_step - 1), next_send_at = now()
        where user_id = ${p.userId} and login_challenge_id = ${p.challengeId}
          and exists (select from challenges where challenge_id = ${p.challengeId} and code_hash is not distinct from ${p.codeHash}::bytea)
        returning user_id
      ),
      -- 2. Free the Idempotency-Key.
      freed as (
        delete from idempotency_keys k using account
        where k.key_hash = ${p.keyHash}::bytea and k.user_id = account.user_id
      )
      -- 3. Put the former code back.
      update challenges c
      set code_hash = ${p.formerCodeHash}::bytea, options = ${p.formerOptions}::jsonb, channel = ${p.formerChannel}, send_id = ${p.formerSendId}::uuid
      from account
      where c.challenge_id = ${p.challengeId} and c.user_id = account.user_id and c.code_hash is not distinct from ${p.codeHash}::bytea`,
  ),
})

/**
 * Makes the methods of the store that undo a code whose message certainly did not leave. They lock in the order of `issue.ts`, and
 * do nothing when there is a newer code.
 */
export const prepareWithdrawals = (db: Database): Pick<ChallengeStore, 'withdrawBegin' | 'withdrawReplace'> => {
  const { withdrawBegin, withdrawReplace } = statementsOf(db)
  return {
    withdrawBegin: async (ref, undo) => {
      await withdrawBegin({ ...ref, ...undo })
    },
    withdrawReplace: async (ref, undo) => {
      const formerOptions = undo.formerOptions && JSON.stringify(undo.formerOptions)
      await withdrawReplace({ ...ref, ...undo, formerOptions })
    },
  }
}
