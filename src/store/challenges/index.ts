import type { ChallengeStore, Held, IdempotentRequest } from '../../core/challenge/ports.ts'
import type { SendEntry } from '../../core/delivery/ports.ts'
import type { GuardRequest } from '../../core/guard/ports.ts'
import type { GuardPolicy } from '../../core/guard/rules.ts'
import type { Limits } from '../../core/limits.ts'
import type { OpenSession } from '../../core/session/ports.ts'
import { Problem } from '../../errors.ts'
import type { Database } from '../database.ts'
import { writePendingEvents } from '../outbox/pending-events.ts'
import { openSession } from '../sessions/parts.ts'
import { prepareBegin } from './begin.ts'
import { prepareGuess } from './guess.ts'
import type { IssueParameters, Refusal } from './issue.ts'
import { prepareReplace } from './replace.ts'
import { viewStatements } from './views.ts'
import { withdrawStatements } from './withdraw.ts'

const parametersOf = (code: {
  send: SendEntry
  guard: GuardRequest
  request: IdempotentRequest | undefined
}): IssueParameters => ({
  ...code.send,
  guardApplies: code.guard.applies,
  safe: code.guard.safe,
  human: code.guard.human,
  number: code.guard.phone,
  host: code.guard.host,
  network: code.guard.network,
  keyHash: code.request?.keyHash ?? null,
  fingerprint: code.request?.fingerprint ?? null,
  issuedAt: code.request?.issuedAt ?? null,
  secretId: code.request?.secretId ?? null,
})

const heldBy = (row: Refusal): Held => {
  const rule = row.rule ?? 'unknown'
  const retryAfter = row.guardRetryAfter ?? 1
  if (row.repeated) return { outcome: 'repeated' }
  if (row.verdict === 'wait') return { outcome: 'capped', rule, retryAfter }
  if (row.verdict === 'blocked') return { outcome: 'blocked', rule, retryAfter }
  if (row.verdict === 'check') return { outcome: 'check', rule }
  return { outcome: 'cooldown', retryAfter: row.retryAfter }
}

/** Challenges in Postgres. Each statement has a file of its own: `begin`, `replace`, `withdraw`, `guess`, and `views`. */
export const createChallengeStore = (db: Database, limits: Limits, policy: GuardPolicy): ChallengeStore => {
  const writeEvents = writePendingEvents(db)
  /** Answers no guess while what follows from one cannot be written: the answers would tell right from wrong. */
  const writeEventOrRefuse = (userId: string) =>
    writeEvents(userId).catch((cause: unknown) => {
      throw cause instanceof Problem ? cause : new Problem('service_unavailable', { retryAfter: 5, cause })
    })
  const statements = {
    begin: prepareBegin(db, limits, policy),
    replaceCode: prepareReplace(db, limits, policy),
    ...withdrawStatements(db),
    guess: prepareGuess(db, limits),
    ...viewStatements(db),
  }

  return {
    async begin(challenge) {
      const { challengeId, userId, purpose, factor, phone, authEpoch, codeHash } = challenge
      const ref = { challengeId, userId, purpose }
      const [row] = await statements.begin({
        ...ref,
        ...parametersOf(challenge),
        factor,
        phone,
        authEpoch,
        codeHash,
        pair: challenge.attempt?.pair ?? null,
        bySession: challenge.bySession ?? null,
      })
      if (!row?.usable) return { outcome: 'refused' }
      if (row.expiresIn === null) return heldBy(row)
      return {
        outcome: 'begun',
        expiresIn: row.expiresIn,
        resendIn: row.resendIn,
        undo: { formerChallengeId: row.former },
      }
    },

    async withdrawBegin(ref, undo) {
      await statements.withdrawBegin({ ...ref, ...undo })
    },

    async replaceCode(request) {
      const { challengeId, userId, purpose, codeHash } = request
      const [row] = await statements.replaceCode({
        ...parametersOf(request),
        challengeId,
        userId,
        purpose,
        codeHash,
      })
      if (!row) return { outcome: 'gone' }
      if (row.disabled) return { outcome: 'disabled' }
      if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
      if (!row.live) return { outcome: 'gone' }
      if (row.resendIn === null) return heldBy(row)
      return {
        outcome: 'replaced',
        expiresIn: row.expiresIn!,
        resendIn: row.resendIn,
        undo: {
          formerCodeHash: row.formerCodeHash,
          formerChannel: row.formerChannel,
          formerSendId: row.formerSendId,
          codeHash,
          keyHash: request.request?.keyHash ?? null,
        },
      }
    },

    async withdrawReplace(ref, undo) {
      await statements.withdrawReplace({ ...ref, ...undo })
    },

    async guess({ session, device, amr, bySession = null, ...ref }) {
      const guess = () =>
        statements.guess({
          ...ref,
          ...session,
          amr: JSON.stringify(amr),
          deviceId: device?.deviceId ?? null,
          deviceHash: device?.tokenHash ?? null,
          bySession,
        })
      let [row] = await guess()
      if (row?.isPending) {
        await writeEventOrRefuse(ref.userId)
        // A guess that found the event of an earlier one was not judged.
        if (row.spent === null) [row] = await guess()
      }
      if (!row) return { outcome: 'gone' }
      if (row.sessionId !== null) {
        return { outcome: 'spent', session: openSession(row as OpenSession) }
      }
      if (row.spent) return { outcome: 'unregistered', reason: row.nameIsTaken ? 'name' : 'invite' }
      // Also for the guess that was the last straw: it was counted, and the factor is what the caller must know of.
      if (row.disabled) return { outcome: 'disabled' }
      if (row.spent === false) return { outcome: 'wrong', attemptsLeft: row.lockedFor === null ? row.attemptsLeft! : 0 }
      if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
      return { outcome: 'gone' }
    },

    findReplay: async (keyHash, userId) => (await statements.findReplay({ keyHash, userId }))[0],

    find: async (ref) => (await statements.find(ref))[0],
  }
}
