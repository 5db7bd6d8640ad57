import type { HumanCheckDefinition } from './check.ts'
import { hcaptcha } from './hcaptcha.ts'
import { proofOfWork } from './proof-of-work.ts'
import { turnstile } from './turnstile.ts'

/** Every human check there is, the default one first. To add one: its file, and a line here. */
export const humanChecks: readonly HumanCheckDefinition[] = [proofOfWork, turnstile, hcaptcha]
