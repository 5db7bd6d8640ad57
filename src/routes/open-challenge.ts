import type { Static } from 'typebox'
import type { OpenChallenge } from '../core/challenge/issue.ts'
import type { Delivery, OpenChallengeBody } from './challenge-schemas.ts'

/** Returns the response body of an open challenge. */
export const openChallengeBody = (challenge: OpenChallenge): Static<typeof OpenChallengeBody> => {
  const { codeLength, options, delivery } = challenge
  return {
    pending_token: challenge.pendingToken,
    token_type: 'pending-2fa',
    expires_in: challenge.expiresIn,
    factor: challenge.factor,
    factors: challenge.factors,
    ...(codeLength !== undefined && { code_length: codeLength }),
    ...(options && { options }),
    ...(delivery && { delivery: deliveryBody(delivery) }),
  }
}

/** Returns the response body of a code's delivery; `destination` is masked. */
export const deliveryBody = (delivery: NonNullable<OpenChallenge['delivery']>): Static<typeof Delivery> => ({
  channel: delivery.channel,
  destination: delivery.destination,
  status: delivery.status,
  resend_in: delivery.resendIn,
})
