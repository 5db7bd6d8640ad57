import type { HumanCheckDefinition } from './check.ts'
import { hcaptcha } from './hcaptcha.ts'
import { proofOfWork } from './proof-of-work.ts'
import { turnstile } from './turnstile.ts'

/** All human checks, the default one first. To add one, write its file and a line here. */
export const humanChecks: readonly HumanCheckDefinition[] = [proofOfWork, turnstile, hcaptcha]
