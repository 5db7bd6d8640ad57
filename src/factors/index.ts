import type { Factor } from '../core/challenge/factor.ts'
import { createSmsFactor, type SmsFactorDeps } from './sms/factor.ts'

/** What the factors are made of, each under its name. */
export interface FactorDeps {
  sms: SmsFactorDeps
}

/** Every second factor this server offers. To add one: its folder, and a line here. */
export const createFactors = (deps: FactorDeps): Factor[] => [createSmsFactor(deps.sms)]
