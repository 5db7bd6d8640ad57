import { Problem } from '../../errors.ts'
import type { Tokens } from '../session/tokens.ts'
import type { ChallengeStore, ChallengeView } from './ports.ts'

/** Returns the state of the challenge that a pending token names. */
export type ChallengeStatus = (pendingToken: string) => Promise<ChallengeView>

/** What has become of the challenge that a pending token stands for. Throws `invalid_token` or `challenge_invalid`. */
export const createChallengeStatus =
  ({ challenges, tokens }: { challenges: ChallengeStore; tokens: Tokens }): ChallengeStatus =>
  async (pendingToken) => {
    const view = await challenges.find(tokens.verifyPending(pendingToken))
    if (!view) throw new Problem('challenge_invalid')
    return view
  }
