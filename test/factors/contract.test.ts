import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { CodeMessage, Dispatcher } from '../../src/core/delivery/ports.ts'
import { createSmsFactor } from '../../src/factors/sms/factor.ts'
import { createLocaleChoice } from '../../src/factors/sms/locale.ts'
import { createTexts } from '../../src/factors/sms/render-texts.ts'
import { type FactorSubject, factorContract } from '../../testing/index.ts'
import { cardFactor, digitOf } from '../support/factors/card/index.ts'
import { hotp, tokenFactor } from '../support/factors/token/index.ts'

const TEXTS = createTexts({ serviceName: 'Example', domain: 'example.com', codeLength: 6, overrides: {}, locales: [] })

const messages: Omit<CodeMessage, 'sendId'>[] = []
const dispatcher: Dispatcher = {
  channels: ['sms', 'voice', 'whatsapp'],
  candidates: ({ channel }) => [{ provider: 'test', channel, retryAfter: 0 }],
  price: () => null,
  async send(message, [entry]) {
    messages.push(message)
    return { outcome: 'accepted', sendId: entry!.sendId, provider: 'test', took: 1 }
  },
}

const secret = randomBytes(20)
const SUBJECTS: FactorSubject[] = [
  {
    factor: createSmsFactor({
      dispatcher,
      texts: TEXTS,
      chooseLocale: createLocaleChoice(TEXTS.locales),
      codeLength: 6,
      countries: ['US'],
      voip: true,
      safeNumbers: [],
      phoneKey: randomBytes(32),
    }),
    destination: '+12025550143',
    enrollment: { secret: null, counter: null },
    async typed({ plan }) {
      await plan!.deliver(1_000, async () => {})
      return messages.at(-1)!.code
    },
  },
  {
    factor: tokenFactor,
    destination: null,
    enrollment: { secret, counter: 41 },
    typed: (_, { counter }) => hotp(secret, counter! + 1),
  },
  {
    factor: cardFactor,
    destination: null,
    enrollment: { secret, counter: null },
    typed: ({ options }) => (options!['cells'] as string[]).map((cell) => digitOf(secret, cell)).join(''),
  },
]

for (const subject of SUBJECTS) {
  for (const { name, run } of factorContract(subject)) t.test(name, run)
}

/** Returns the contract cases that fail for a factor with these changes. */
const brokenOf = async (changes: Partial<FactorSubject['factor']>): Promise<string[]> => {
  const subject = SUBJECTS[1]!
  const cases = factorContract({ ...subject, factor: { ...tokenFactor, ...changes } })
  const broken = await Promise.all(
    cases.map(({ name, run }) =>
      run().then(
        () => [],
        () => [name],
      ),
    ),
  )
  return broken.flat().map((name) => name.replace('token ', ''))
}

t.test('a broken factor fails the cases about its fault', async (t) => {
  t.strictSame(await brokenOf({}), [])
  t.strictSame(await brokenOf({ amr: () => [] }), ['says what it adds to amr for every channel and for none'])
  t.strictSame(await brokenOf({ answer: async () => ({ counter: 99 }) }), [
    'takes no wrong answer',
    'takes no garbage, and never fails because of it',
  ])
  t.strictSame(await brokenOf({ answer: async () => ({}) }), ['takes the right answer'])
  t.match(await brokenOf({ answer: async () => ({ counter: 42 }) }), ['takes no wrong answer'])
  t.strictSame(await brokenOf({ begin: () => ({ hash: Buffer.alloc(31) }) }), [
    'takes the right answer',
    'binds its hash to the challenge, 32 bytes long',
  ])
  t.strictSame(
    await brokenOf({
      begin: async ({ enrollment }) => ({ hash: null, options: { next: hotp((await enrollment()).secret!, 42) } }),
    }),
    ['tells neither the client nor the ledger the answer'],
  )
  t.strictSame(await brokenOf({ codeLength: 8 }), ['asks for codes of the length that it states'])
})
