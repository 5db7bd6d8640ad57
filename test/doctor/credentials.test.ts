import t from 'tap'
import { providers } from '../../src/providers/index.ts'

const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

/** The request that tries the credentials of each provider, per its documentation. It costs and changes nothing. */
const ASKED: Record<string, { settings: Record<string, string>; url: string; authorization: string }> = {
  twilio: {
    settings: { TWILIO_URL: 'https://twilio.example/', TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 't' },
    url: 'https://twilio.example/2010-04-01/Accounts/AC1.json',
    authorization: basic('AC1', 't'),
  },
  vonage: {
    settings: { VONAGE_URL: 'https://vonage.example', VONAGE_API_KEY: 'k', VONAGE_API_SECRET: 's' },
    url: 'https://vonage.example/accounts/k/secrets',
    authorization: basic('k', 's'),
  },
  messagebird: {
    settings: { MESSAGEBIRD_URL: 'https://bird.example', MESSAGEBIRD_ACCESS_KEY: 'k' },
    url: 'https://bird.example/balance',
    authorization: 'AccessKey k',
  },
  plivo: {
    settings: { PLIVO_URL: 'https://plivo.example', PLIVO_AUTH_ID: 'MA1', PLIVO_AUTH_TOKEN: 't' },
    url: 'https://plivo.example/v1/Account/MA1/',
    authorization: basic('MA1', 't'),
  },
  telnyx: {
    settings: { TELNYX_URL: 'https://telnyx.example', TELNYX_API_KEY: 'k' },
    url: 'https://telnyx.example/v2/balance',
    authorization: 'Bearer k',
  },
}

t.test("tries credentials with a request to the provider's own account", async (t) => {
  const probed = providers.filter(({ probe }) => probe)
  t.strictSame(probed.map(({ name }) => name).sort(), Object.keys(ASKED).sort())
  for (const { name, probe } of probed) {
    const { settings, url, authorization } = ASKED[name]!
    t.strictSame(probe!(settings as never), { url, headers: { authorization } }, name)
  }
})
