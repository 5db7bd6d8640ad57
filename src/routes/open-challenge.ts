import type { Static } from 'typebox'
import type { OpenChallenge } from '../core/challenge/begin.ts'
import type { OpenChallengeBody } from './challenge-schemas.ts'

/** A waiting challenge in the contract's spelling. */
export const openChallengeBody = (challenge: OpenChallenge): Static<typeof OpenChallengeBody> => ({
  pending_token: challenge.pendingToken,
  token_type: 'pending-2fa',
  expires_in: challenge.expiresIn,
  factor: challenge.factor,
  factors: challenge.factors,
  code_length: challenge.codeLength,
  delivery: {
    channel: challenge.delivery.channel,
    destination: challenge.delivery.destination,
    status: challenge.delivery.status,
    resend_in: challenge.delivery.resendIn,
  },
})
