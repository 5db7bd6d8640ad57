import { Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { requestUrl, seconds } from './types.ts'

/** Settings of sessions, devices and accounts. A part of `SettingsSchema`. */
export const SESSION_SETTINGS = {
  REFRESH_TOKEN_TTL: seconds({
    ...DURATIONS.sessionTtl,
    description: 'Maximum lifetime of a session, active or not (SP 800-63B-4 §2.2.3: 24 hours for two factors).',
  }),
  REFRESH_IDLE_TTL: seconds({
    ...DURATIONS.sessionIdle,
    description: 'Time without a refresh after which a session ends (SP 800-63B-4 §2.2.3: one hour).',
  }),
  DEVICE_TOKEN_TTL: seconds({
    ...DURATIONS.deviceTtl,
    description: 'Time for which a remembered device can log in without a code.',
  }),
  STEP_UP_MAX_AGE: seconds({
    ...DURATIONS.freshFor,
    description: 'Time after a login with both factors in which the session may change the account.',
  }),
  REFRESH_COOKIE: Type.Boolean({
    default: false,
    description:
      'Keeps refresh and device tokens in `HttpOnly` cookies, for apps on the same site; `CORS_ORIGINS` may then send credentials.',
    examples: [true],
  }),
  REGISTRATION: Type.Union([Type.Literal('open'), Type.Literal('invite'), Type.Literal('closed')], {
    default: 'closed',
    description:
      'Who may register: `open` allows every caller, `invite` requires an invite (`doorcode invite`), `closed` allows no registration.',
    examples: ['invite'],
  }),
  PASSWORD_BREACH_URL: Type.Optional(
    requestUrl('(?:/[^\\s?#]*)?', {
      form: 'an https URL without user, password, ? or #, or http to this machine',
      description:
        'Range API of breached passwords. It receives five digits of the SHA-1 of each new password. Not used if not set.',
      examples: ['https://api.pwnedpasswords.com/range'],
    }),
  ),
  RECOVERY_HELP: Type.String({
    default: 'A password cannot be reset here. Ask the operator of this service.',
    minLength: 1,
    maxLength: 500,
    description: 'Message shown to users who forgot their password.',
    examples: ['Call our help desk at +1 202 555 0100, with your customer number.'],
  }),
}
