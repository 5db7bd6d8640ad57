/**
 * Twilio Lookup, API v2, after https://www.twilio.com/docs/lookup in November 2026: "SIM Swap". Each request costs
 * money, and Twilio must give the account access to SIM Swap. The account's settings define the period of a recent
 * swap.
 */
import { Type } from 'typebox'
import { createCircuit, PASSING_SERVICE } from '../../core/circuit.ts'
import type { NumberIntelligence } from '../../core/guard/ports.ts'
import { basicAuth, isObject, joinUrl, type Transport, type WireAnswer } from '../../http-client/client.ts'
import { defineNumberIntelligence } from './intelligence.ts'

/** The options of Twilio Lookup. */
export interface TwilioLookupOptions {
  transport: Transport
  account: string
  token: string
  /** Base URL, without a path. */
  url: string
  /** Milliseconds until the result is `unknown`; 1,000 by default. */
  timeout?: number
  /** Monotonic clock, in ms; the machine's by default. */
  elapsed?: () => number
}

/**
 * Returns the risk in a response. Status 200 with an error code means that the carrier sent too little data. Throws for
 * other text than JSON.
 */
const interpret = ({ status, body }: WireAnswer): 'low' | 'high' | 'unknown' => {
  const answer: unknown = status === 200 ? JSON.parse(body ?? '') : undefined
  const swap = isObject(answer) ? answer['sim_swap'] : undefined
  if (!isObject(swap) || (swap['error_code'] ?? null) !== null) return 'unknown'
  const last = swap['last_sim_swap']
  const swapped = isObject(last) ? last['swapped_in_period'] : undefined
  return swapped === true ? 'high' : swapped === false ? 'low' : 'unknown'
}

/** Makes the source. `high` means that the SIM was swapped recently. */
export const createTwilioLookup = ({
  transport,
  account,
  token,
  url,
  timeout = 1_000,
  elapsed = () => performance.now(),
}: TwilioLookupOptions): NumberIntelligence => {
  const base = joinUrl(url, '/v2/PhoneNumbers')
  const circuit = createCircuit({ ...PASSING_SERVICE, now: elapsed })
  const authorization = basicAuth(account, token)
  return {
    name: 'twilio-lookup',
    assess: (phone) =>
      circuit(
        async () =>
          interpret(
            await transport(
              {
                method: 'GET',
                url: `${base}/${encodeURIComponent(phone)}?Fields=sim_swap`,
                headers: { accept: 'application/json', authorization },
                body: undefined,
              },
              AbortSignal.timeout(timeout),
            ),
          ),
        () => 'unknown',
      ),
  }
}

/** The source "SIM Swap" of Twilio Lookup. */
export const twilioLookup = defineNumberIntelligence({
  name: 'twilio-lookup',
  document: { url: 'https://www.twilio.com/docs/lookup/v2-api/sim-swap', version: 'v2, read in November 2026' },
  settings: Type.Object({
    TWILIO_LOOKUP_ACCOUNT_SID: Type.String({
      pattern: '^AC[0-9A-Za-z]{32}$',
      description: 'The SID of a Twilio account with access to SIM Swap.',
      examples: ['ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'],
    }),
    TWILIO_LOOKUP_AUTH_TOKEN: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'The auth token of that account.',
      examples: ['the-token-shown-in-the-console'],
      secret: true,
    }),
    TWILIO_LOOKUP_URL: Type.String({
      default: 'https://lookups.twilio.com',
      pattern: '^https?://[^\\s/]+',
      description: 'Base URL of Twilio Lookup.',
      examples: ['https://lookups.twilio.com'],
    }),
  }),
  create: (settings, { transport }) =>
    createTwilioLookup({
      transport,
      account: settings.TWILIO_LOOKUP_ACCOUNT_SID,
      token: settings.TWILIO_LOOKUP_AUTH_TOKEN,
      url: settings.TWILIO_LOOKUP_URL,
    }),
})
