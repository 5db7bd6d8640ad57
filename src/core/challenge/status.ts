import { Problem } from '../../errors.ts'
import type { Tokens } from '../session/tokens.ts'
import type { Factor } from './factor.ts'
import type { ChallengeStore, ChallengeView } from './ports.ts'

/** Returns the state of the challenge that a pending token identifies, with a masked destination. */
export type ChallengeStatus = (pendingToken: string) => Promise<ChallengeView>

/** The dependencies of `ChallengeStatus`. */
export interface ChallengeStatusDeps {
  challenges: ChallengeStore
  tokens: Tokens
  factors: readonly Factor[]
}

/** Makes `ChallengeStatus`. Throws `invalid_token` or `challenge_invalid`. */
export const createChallengeStatus =
  ({ challenges, tokens, factors }: ChallengeStatusDeps): ChallengeStatus =>
  async (pendingToken) => {
    const view = await challenges.find(tokens.verifyPending(pendingToken))
    const factor = factors.find(({ name }) => name === view?.factor)
    if (!view || !factor) throw new Problem('challenge_invalid')
    const { delivery } = view
    const destination = delivery && (factor.delivery?.mask(delivery.destination) ?? '')
    return { ...view, delivery: delivery && { ...delivery, destination: destination! } }
  }
