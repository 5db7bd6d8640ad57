import { Type } from 'typebox'
import { CHANNELS, DELIVERY_STATUSES } from '../core/delivery/ports.ts'
import { DURATIONS } from '../core/durations.ts'
import { CODE_DIGITS } from '../core/limits.ts'
import { Exactly } from '../http/exactly.ts'
import { Seconds } from './schemas.ts'
import { MaskedPhone } from './user-schemas.ts'

/** A pending token for examples; it verifies nowhere. */
export const PENDING_TOKEN_EXAMPLE =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6InBlbmRpbmctMmZhK2p3dCJ9.eyJwdXJwb3NlIjoibG9naW4ifQ.c2lnbmF0dXJl'

/** What `/login` gives and the other steps take. */
export const PendingToken = Type.String({
  minLength: 1,
  maxLength: 2_048,
  pattern: '^[A-Za-z0-9_.-]+$',
  description: 'The pending-2fa token, as `POST /login` answered it.',
  examples: [PENDING_TOKEN_EXAMPLE],
})

/** What people and clipboards put between the digits of a code, and `foldCode` takes out. */
const SEPARATOR = '[.\\p{Zs}\\p{Pd}\\p{Cf}\\u2212]*'

/** A code to enter. */
export const Code = Type.String({
  minLength: CODE_DIGITS.minimum,
  maxLength: 64,
  pattern: `^${SEPARATOR}(?:\\p{Nd}${SEPARATOR}){${CODE_DIGITS.minimum},${CODE_DIGITS.maximum}}$`,
  description: `${CODE_DIGITS.minimum} to ${CODE_DIGITS.maximum} digits, of any script. Spaces, hyphens, dashes, dots and invisible marks around them are taken; anything else is refused, and such a code is not counted.`,
  examples: ['123456'],
})

/** A kind of second factor. */
export const Factor = Type.String({
  pattern: '^[a-z][a-z0-9_]{0,31}$',
  title: 'Factor',
  description:
    'How the user shows who they are besides the password: `sms` is a code to their phone. Later versions may have others.',
  examples: ['sms'],
})

/** A way a code can travel. */
export const ChannelName = Type.Enum([...CHANNELS], {
  title: 'Channel',
  description: 'How a message travels: as text, read out by a call, or by WhatsApp.',
  examples: ['sms'],
})

/** How far a message has come. */
const DeliveryState = Type.Enum([...DELIVERY_STATUSES], {
  title: 'DeliveryStatus',
  description:
    'How far the message has come. `queued`: about to be handed over. `sent`: a company has it. `unknown`: no company said; the code may still arrive. `delivered`: the phone has it. `undelivered`, `failed`: it did not arrive; another code may be asked for at once.',
  examples: ['sent'],
})

/** How far the code of a challenge has come. */
export const Delivery = Exactly(
  {
    channel: ChannelName,
    destination: MaskedPhone,
    status: DeliveryState,
    resend_in: Seconds('Time until `POST /resend` is possible', DURATIONS.resendCooldown.default),
  },
  { title: 'Delivery', description: 'How far the code has come; absent for factors that send nothing.' },
)

/** What some factors tell the client. */
export const FactorOptions = Type.Optional(
  Type.Object(
    {},
    {
      additionalProperties: true,
      title: 'FactorOptions',
      description: 'What the client needs to answer, for factors that ask for more than a code. `sms` has none.',
    },
  ),
)

/** A challenge that waits for its code: the answer of `/login` and `/resend`. */
export const OpenChallengeBody = Exactly(
  {
    pending_token: PendingToken,
    token_type: Type.Literal('pending-2fa', { description: 'Tells an open challenge from a grant.' }),
    expires_in: Seconds('Life of the token and of the code', DURATIONS.codeTtl.default),
    factor: Factor,
    factors: Type.Array(Factor, { description: 'All that the account has; `factor` is the one in use.' }),
    code_length: Type.Optional(
      Type.Integer({
        minimum: CODE_DIGITS.minimum,
        maximum: CODE_DIGITS.maximum,
        description: 'Digits of the code; absent for factors without a code of fixed length.',
        examples: [6],
      }),
    ),
    options: FactorOptions,
    delivery: Type.Optional(Delivery),
  },
  {
    title: 'OpenChallenge',
    description: 'A login that waits for its code, to be entered at `POST /verify` with the pending token.',
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
