import { DURATIONS } from '../core/durations.ts'
import type { Settings } from './schema.ts'

/** Yields a fault for each valid value that production refuses. */
export const productionFaults = function* (settings: Settings): Generator<string> {
  const { default: leastCooldown } = DURATIONS.resendCooldown
  if (settings.ISSUER?.startsWith('http:'))
    yield 'ISSUER must be https in production. For example: https://auth.example.com'
  if (settings.RESEND_COOLDOWN < leastCooldown)
    yield `RESEND_COOLDOWN must be at least ${leastCooldown} in production. For example: ${leastCooldown}`
  if (!settings.RATE_LIMIT) yield 'RATE_LIMIT must not be false in production. For example: true'
  if (settings.DEMO)
    yield 'DEMO must not be true in production: the demo pages are for development only. For example: false'
  if (settings.DEV_OUTBOX)
    yield 'DEV_OUTBOX must not be true in production: it shows every code to everyone. For example: false'
}
