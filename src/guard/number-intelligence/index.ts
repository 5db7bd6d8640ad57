import type { NumberIntelligenceDefinition } from './intelligence.ts'
import { twilioLookup } from './twilio-lookup.ts'

/** All sources of number intelligence. To add one, write its file and a line here. */
export const numberIntelligence: readonly NumberIntelligenceDefinition[] = [twilioLookup]
