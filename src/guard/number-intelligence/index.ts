import type { NumberIntelligenceDefinition } from './intelligence.ts'
import { twilioLookup } from './twilio-lookup.ts'

/** Every source of number intelligence there is. To add one: its file, and a line here. */
export const numberIntelligence: readonly NumberIntelligenceDefinition[] = [twilioLookup]
