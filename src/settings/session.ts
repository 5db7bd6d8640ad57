import { Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { requestUrl, seconds } from './types.ts'

/** The settings of what follows a login. */
export const SESSION_SETTINGS = {
  REFRESH_TOKEN_TTL: seconds({
    ...DURATIONS.sessionTtl,
    description: 'Life of a session, whatever is done in it (SP 800-63B-4 §2.2.3: 24 hours for two factors).',
  }),
  REFRESH_IDLE_TTL: seconds({
    ...DURATIONS.sessionIdle,
    description: 'Time after which a session that nobody refreshes ends (SP 800-63B-4 §2.2.3: an hour).',
  }),
  DEVICE_TOKEN_TTL: seconds({
    ...DURATIONS.deviceTtl,
    description: 'Time for which a device is remembered in the place of a code.',
  }),
  STEP_UP_MAX_AGE: seconds({
    ...DURATIONS.freshFor,
    description: 'Time after a login with both factors in which it may change the account.',
  }),
  REFRESH_COOKIE: Type.Boolean({
    default: false,
    description:
      'Keep refresh and device tokens in cookies that no script reads, for apps of the same site; `CORS_ORIGINS` may then send credentials.',
    examples: [true],
  }),
  REGISTRATION: Type.Union([Type.Literal('open'), Type.Literal('invite'), Type.Literal('closed')], {
    default: 'closed',
    description: 'Who may register: everybody, those with an invite (`doorcode invite`), or nobody.',
    examples: ['invite'],
  }),
  PASSWORD_BREACH_URL: Type.Optional(
    requestUrl('(?:/[^\\s?#]*)?', {
      form: 'an https address without a name, a password, ? or # in it, or http to this machine',
      description:
        'A range API of breached passwords, asked about new ones by five digits of their SHA-1. Nobody if not set.',
      examples: ['https://api.pwnedpasswords.com/range'],
    }),
  ),
  RECOVERY_HELP: Type.String({
    default: 'A password cannot be reset here. Ask whoever runs this service.',
    minLength: 1,
    maxLength: 500,
    description: 'What whoever has forgotten the password is told to do.',
    examples: ['Call our help desk at +1 202 555 0100, with your customer number.'],
  }),
}
