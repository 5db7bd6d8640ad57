import type { CodeFactor, SendResult, TextMessage } from '../../core/ports.ts'
import { Problem } from '../../errors.ts'
import { countryOf } from './phone-number.ts'
import { assertOneSegment, codeText } from './text.ts'

/** What the SMS factor is made of. */
export interface SmsFactorDeps {
  send: (message: TextMessage, within: number) => Promise<SendResult & { provider: string }>
  /** ISO countries that may be sent to; empty for all, where nothing real is sent. */
  countries: readonly string[]
  serviceName: string
  /** The domain of the origin-bound line. */
  domain: string
}

/** The second factor that sends a code as a text message (SP 800-63B-4 §3.1.3.3: a restricted authenticator). */
export const createSmsFactor = ({ send, countries, serviceName, domain }: SmsFactorDeps): CodeFactor => {
  assertOneSegment({ serviceName, domain })
  const allowed = new Set(countries)
  return {
    name: 'sms',
    amr: ['sms'],
    channels: ['sms'],
    assertAllowed(phone) {
      const country = countryOf(phone)
      if (allowed.size > 0 && !(country && allowed.has(country))) throw new Problem('destination_not_allowed')
    },
    send: ({ sendId, phone, code, within }) =>
      send({ sendId, to: phone, body: codeText({ code, serviceName, domain }) }, within),
  }
}
