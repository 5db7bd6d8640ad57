import type { ChallengeStore, Held, MadeCode } from '../../core/challenge/ports.ts'
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

const parametersOf = ({ hash, options, send, request }: MadeCode): IssueParameters => ({
  ...(send?.entry ?? NO_MESSAGE),
  guardApplies: send?.guard.applies ?? null,
  safe: send?.guard.safe ?? null,
  human: send?.guard.human ?? null,
  number: send?.guard.phone ?? null,
  host: send?.guard.host ?? null,
  network: send?.guard.network ?? null,
  codeHash: hash,
  options: options && JSON.stringify(options),
  keyHash: request?.keyHash ?? null,
  fingerprint: request?.fingerprint ?? null,
  issuedAt: request?.issuedAt ?? null,
  secretId: request?.secretId ?? null,
})

const NO_MESSAGE = {
  sendId: null,
  provider: null,
  channel: null,
  country: null,
  prefix: null,
  phoneHash: null,
  segments: null,
  price: null,
}

const heldBy = (row: Refusal): Held => {
  const rule = row.rule ?? 'unknown'
  const retryAfter = row.guardRetryAfter ?? 1
  if (row.repeated) return { outcome: 'repeated' }
  if (row.verdict === 'wait') return { outcome: 'capped', rule, retryAfter }
  if (row.verdict === 'blocked') return { outcome: 'blocked', rule, retryAfter }
  if (row.verdict === 'check') return { outcome: 'check', rule }
  return { outcome: 'cooldown', retryAfter: row.retryAfter }
}

/**
 * Opens the store of challenges. Each statement has its own file: `begin`, `replace`, `withdraw`, `guess`, and `views`.
 */
export const createChallengeStore = (db: Database, limits: Limits, policy: GuardPolicy): ChallengeStore => {
  const writeEvents = writePendingEvents(db)
  /** Refuses a guess while its event cannot be written. Otherwise the answers would reveal whether a code is correct. */
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
      const { challengeId, userId, purpose, factor, destination, authEpoch } = challenge
      const ref = { challengeId, userId, purpose }
      const [row] = await statements.begin({
        ...ref,
        ...parametersOf(challenge),
        factor,
        destination,
        authEpoch,
        pair: challenge.attempt?.pair ?? null,
        bySession: challenge.bySession ?? null,
      })
      if (!row?.usable) return { outcome: 'refused' }
      if (row.expiresIn === null) return heldBy(row)
      return {
        outcome: 'issued',
        expiresIn: row.expiresIn,
        resendIn: challenge.send ? row.resendIn : 0,
        undo: { formerChallengeId: row.former },
      }
    },

    async withdrawBegin(ref, undo) {
      await statements.withdrawBegin({ ...ref, ...undo })
    },

    async replaceCode(code) {
      const { challengeId, userId, purpose, hash, request } = code
      const [row] = await statements.replaceCode({ ...parametersOf(code), challengeId, userId, purpose })
      if (!row) return { outcome: 'gone' }
      if (row.disabled) return { outcome: 'disabled' }
      if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
      if (!row.live) return { outcome: 'gone' }
      if (row.resendIn === null) return heldBy(row)
      return {
        outcome: 'issued',
        expiresIn: row.expiresIn!,
        resendIn: row.resendIn,
        undo: {
          formerCodeHash: row.formerCodeHash,
          formerChannel: row.formerChannel,
          formerSendId: row.formerSendId,
          codeHash: hash,
          keyHash: request?.keyHash ?? null,
        },
      }
    },

    async withdrawReplace(ref, undo) {
      await statements.withdrawReplace({ ...ref, ...undo })
    },

    async guess({ session, device, amr, proof, bySession = null, ...ref }) {
      const guess = () =>
        statements.guess({
          ...ref,
          ...session,
          codeHash: proof.hash ?? null,
          counter: proof.counter ?? null,
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
      // Also for the guess that disabled the factor: it was counted, and the caller must know that the factor is disabled.
      if (row.disabled) return { outcome: 'disabled' }
      if (row.spent === false) return { outcome: 'wrong', attemptsLeft: row.lockedFor === null ? row.attemptsLeft! : 0 }
      if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
      return { outcome: 'gone' }
    },

    async findReplay(keyHash, userId) {
      const [row] = await statements.findReplay({ keyHash, userId })
      if (!row) return undefined
      const { channel, status, resendIn, ...replay } = row
      return { ...replay, delivery: channel && { channel, status, resendIn } }
    },

    async find(ref) {
      const [row] = await statements.find(ref)
      if (!row) return undefined
      const { channel, destination, status, resendIn, ...view } = row
      return { ...view, delivery: channel && { channel, destination: destination ?? '', status, resendIn } }
    },

    async findEnrolment(userId, factor) {
      return (await statements.findEnrolment({ userId, factor }))[0] ?? { secret: null, counter: null }
    },
  }
}
