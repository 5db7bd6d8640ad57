import { type Limits, limitsFor } from '../core/limits.ts'
import type { Settings } from '../settings/schema.ts'

/** Returns the limits that these settings set. */
export const limitsOf = (settings: Settings): Limits =>
  limitsFor({
    codeTtl: settings.CODE_TTL,
    resendCooldown: settings.RESEND_COOLDOWN,
    sessionTtl: settings.REFRESH_TOKEN_TTL,
    sessionIdle: settings.REFRESH_IDLE_TTL,
    deviceTtl: settings.DEVICE_TOKEN_TTL,
    freshFor: settings.STEP_UP_MAX_AGE,
  })
