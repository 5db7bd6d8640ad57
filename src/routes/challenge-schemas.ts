import { Type } from 'typebox'
import { CHANNELS, DELIVERY_STATUSES } from '../core/delivery/ports.ts'
import { DURATIONS } from '../core/durations.ts'
import { CODE_DIGITS } from '../core/limits.ts'
import { Exactly } from '../http/exactly.ts'
import { Seconds } from './schemas.ts'
import { MaskedPhone } from './user-schemas.ts'

/** An example of a pending token; its signature is invalid. */
export const PENDING_TOKEN_EXAMPLE =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6InBlbmRpbmctMmZhK2p3dCJ9.eyJwdXJwb3NlIjoibG9naW4ifQ.c2lnbmF0dXJl'

/** The schema of a pending token. */
export const PendingToken = Type.String({
  minLength: 1,
  maxLength: 2_048,
  pattern: '^[A-Za-z0-9_.-]+$',
  description: 'The pending token, as `POST /login` returned it.',
  examples: [PENDING_TOKEN_EXAMPLE],
})

/** Characters that users and clipboards add between the digits of a code. `foldCode` removes them. */
const SEPARATOR = '[.\\p{Zs}\\p{Pd}\\p{Cf}\\u2212]*'

/** The schema of a code that the user enters. */
export const Code = Type.String({
  minLength: CODE_DIGITS.minimum,
  maxLength: 64,
  pattern: `^${SEPARATOR}(?:\\p{Nd}${SEPARATOR}){${CODE_DIGITS.minimum},${CODE_DIGITS.maximum}}$`,
  description: `${CODE_DIGITS.minimum} to ${CODE_DIGITS.maximum} digits of any script. Spaces, hyphens, dashes, dots and invisible characters between the digits are ignored. Other characters are rejected, and such a code does not count as a guess.`,
  examples: ['123456'],
})

/** The schema of a factor's name. */
export const Factor = Type.String({
  pattern: '^[a-z][a-z0-9_]{0,31}$',
  title: 'Factor',
  description:
    'The second factor, which the user proves besides the password. `sms` is a code sent to a phone. Later versions may have other factors.',
  examples: ['sms'],
})

/** The schema of a channel. */
export const ChannelName = Type.Enum([...CHANNELS], {
  title: 'Channel',
  description: 'The channel of a message: a text message, a voice call or WhatsApp.',
  examples: ['sms'],
})

/** The schema of the delivery status of a message. */
const DeliveryState = Type.Enum([...DELIVERY_STATUSES], {
  title: 'DeliveryStatus',
  description:
    'The delivery status of the message. `queued`: it will be handed over to a provider. `sent`: a provider accepted it. `unknown`: the provider did not confirm it; the code may still arrive. `delivered`: it arrived on the phone. `undelivered`, `failed`: it did not arrive; another code may be requested immediately.',
  examples: ['sent'],
})

/** The schema of the delivery of a challenge's code. */
export const Delivery = Exactly(
  {
    channel: ChannelName,
    destination: MaskedPhone,
    status: DeliveryState,
    resend_in: Seconds('Time until `POST /resend` is possible', DURATIONS.resendCooldown.default),
  },
  { title: 'Delivery', description: 'The delivery of the code. Absent for factors that send nothing.' },
)

/** The schema of the data that some factors send to the client. */
export const FactorOptions = Type.Optional(
  Type.Object(
    {},
    {
      additionalProperties: true,
      title: 'FactorOptions',
      description: 'Data that the client needs to complete the factor. Absent for `sms`.',
    },
  ),
)

/** The schema of an open challenge: the response of every route that sends a code. */
export const OpenChallengeBody = Exactly(
  {
    pending_token: PendingToken,
    token_type: Type.Literal('pending-2fa', {
      description: 'The type of the response: an open challenge, not a grant.',
    }),
    expires_in: Seconds('Lifetime of the pending token and of the code', DURATIONS.codeTtl.default),
    factor: Factor,
    factors: Type.Array(Factor, { description: 'All factors of the account; `factor` is the current one.' }),
    code_length: Type.Optional(
      Type.Integer({
        minimum: CODE_DIGITS.minimum,
        maximum: CODE_DIGITS.maximum,
        description: 'The number of digits of the code. Absent for factors without a code of fixed length.',
        examples: [6],
      }),
    ),
    options: FactorOptions,
    delivery: Type.Optional(Delivery),
  },
  {
    title: 'OpenChallenge',
    description: 'A login that waits for its code. Send the code to `POST /verify` with the pending token.',
    examples: [
      {
        pending_token: PENDING_TOKEN_EXAMPLE,
        token_type: 'pending-2fa',
        expires_in: DURATIONS.codeTtl.default,
        factor: 'sms',
        factors: ['sms'],
        code_length: 6,
        delivery: {
          channel: 'sms',
          destination: '********43',
          status: 'sent',
          resend_in: DURATIONS.resendCooldown.default,
        },
      },
    ],
  },
)
