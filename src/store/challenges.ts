import type { Limits } from '../core/limits.ts'
import type { ChallengeStore } from '../core/ports.ts'
import { challengeStatements } from './challenge-statements.ts'
import type { Database } from './database.ts'

/** Challenges in Postgres, as the flow asks for them; what each statement does stands beside it in the statements' file. */
export const createChallengeStore = (db: Database, limits: Limits): ChallengeStore => {
  const statements = challengeStatements(db, limits)

  return {
    async begin(challenge) {
      const [row] = await statements.begin({ ...challenge, ...challenge.send })
      if (!row?.usable) return { outcome: 'refused' }
      if (row.expiresIn === null) return { outcome: 'cooldown', retryAfter: row.retryAfter }
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
      const [row] = await statements.replaceCode({ ...request, ...request.send })
      if (!row) return { outcome: 'gone' }
      if (row.disabled) return { outcome: 'disabled' }
      if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
      if (!row.live) return { outcome: 'gone' }
      if (row.resendIn === null) return { outcome: 'cooldown', retryAfter: row.retryAfter }
      // The cooldown was free but a guess that ran meanwhile spent or exhausted the challenge.
      if (row.expiresIn === null) return { outcome: 'gone' }
      return {
        outcome: 'replaced',
        expiresIn: row.expiresIn,
        resendIn: row.resendIn,
        undo: {
          formerCodeHash: row.formerCodeHash,
          formerChannel: row.formerChannel,
          formerSendId: row.formerSendId,
          codeHash: request.codeHash,
        },
      }
    },

    async withdrawReplace(ref, undo) {
      await statements.withdrawReplace({ ...ref, ...undo })
    },

    async guess(request) {
      const [row] = await statements.guess(request)
      if (!row) return { outcome: 'gone' }
      if (row.spent) return { outcome: 'spent', channel: row.channel! }
      // Also for the guess that was the last straw: it was counted, and the factor is what the caller must know of.
      if (row.disabled) return { outcome: 'disabled' }
      if (row.spent === false) return { outcome: 'wrong', attemptsLeft: row.lockedFor === null ? row.attemptsLeft! : 0 }
      if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
      return { outcome: 'gone' }
    },

    find: async (ref) => (await statements.find(ref))[0],
  }
}
