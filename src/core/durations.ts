/**
 * The durations that settings can change, in whole seconds: the default, and the bounds of the setting. The settings,
 * `limitsFor`, the key rotation and the API's examples read them here.
 */

/** The default of a duration and its bounds. */
export interface Duration {
  default: number
  minimum: number
  maximum: number
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The durations by their names in `LimitSettings` and the tokens. */
export const DURATIONS = {
  /** Life of an access token: `ACCESS_TOKEN_TTL`. */
  accessTtl: { default: 10 * MINUTE, minimum: MINUTE, maximum: HOUR },
  /** Life of a code and its pending token (SP 800-63B-4 §3.1.3.2: at most ten minutes): `CODE_TTL`. */
  codeTtl: { default: 5 * MINUTE, minimum: MINUTE, maximum: 10 * MINUTE },
  /** Wait before a second code, doubled with each further one: `RESEND_COOLDOWN`. */
  resendCooldown: { default: 30, minimum: 0, maximum: 10 * MINUTE },
  /**
   * Longest life of a session and of its refresh tokens, however often they are used (SP 800-63B-4 §2.2.3: 24 hours for two
   * factors): `REFRESH_TOKEN_TTL`. The life of one unused refresh token is `sessionIdle`.
   */
  sessionTtl: { default: DAY, minimum: 10 * MINUTE, maximum: 30 * DAY },
  /**
   * Life of one refresh token, and so the time without a refresh after which a session ends (SP 800-63B-4 §2.2.3: an hour):
   * `REFRESH_IDLE_TTL`. Clients see it as `refresh_expires_in`.
   */
  sessionIdle: { default: HOUR, minimum: 5 * MINUTE, maximum: 30 * DAY },
  /** Time for which a device is remembered: `DEVICE_TOKEN_TTL`. */
  deviceTtl: { default: 30 * DAY, minimum: HOUR, maximum: 365 * DAY },
  /** Time after a login within which it counts as fresh: `STEP_UP_MAX_AGE`. */
  freshFor: { default: 10 * MINUTE, minimum: MINUTE, maximum: HOUR },
} as const satisfies Record<string, Duration>
