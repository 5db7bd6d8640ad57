import type { Factor } from '../core/challenge/factor.ts'
import { createSmsFactor, type SmsFactorDeps } from './sms/factor.ts'

/** The dependencies of the factors, by name. */
export interface FactorDeps {
  sms: SmsFactorDeps
}

/** Makes every second factor of this server. To add one, write its folder and a line here. */
export const createFactors = (deps: FactorDeps): Factor[] => [createSmsFactor(deps.sms)]
