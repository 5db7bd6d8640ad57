import type { ChallengeStore } from '../../core/challenge/ports.ts'
import type { GuardPolicy } from '../../core/guard/rules.ts'
import type { Limits } from '../../core/limits.ts'
import type { Database } from '../database.ts'
import { prepareBegin } from './begin.ts'
import { prepareGuess } from './guess.ts'
import { prepareReplace } from './replace.ts'
import { prepareViews } from './views.ts'
import { prepareWithdrawals } from './withdraw.ts'

/** Opens the store of challenges. Each method stands in the file of its statement. */
export const createChallengeStore = (db: Database, limits: Limits, policy: GuardPolicy): ChallengeStore => ({
  begin: prepareBegin(db, limits, policy),
  replaceCode: prepareReplace(db, limits, policy),
  ...prepareWithdrawals(db),
  guess: prepareGuess(db, limits),
  ...prepareViews(db),
})
