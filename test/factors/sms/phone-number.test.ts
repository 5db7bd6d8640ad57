import t from 'tap'
import { countryOf, parsePhone } from '../../../src/factors/sms/phone-number.ts'

t.test('parses common spellings of a number into E.164', async (t) => {
  const numbers: Record<string, { phone: string; country: string }> = {
    '18009998877': { phone: '+18009998877', country: 'US' },
    '+18009998877': { phone: '+18009998877', country: 'US' },
    '+1 800 999 8877': { phone: '+18009998877', country: 'US' },
    '+1 (800) 999-8877': { phone: '+18009998877', country: 'US' },
    '+1.800.999.8877': { phone: '+18009998877', country: 'US' },
    ' 18009998877 ': { phone: '+18009998877', country: 'US' },
    '0044 20 7946 0958': { phone: '+442079460958', country: 'GB' },
    '00 44 20 7946 0958': { phone: '+442079460958', country: 'GB' },
    'tel:+18009998877': { phone: '+18009998877', country: 'US' },
    '+١٨٠٠٩٩٩٨٨٧٧': { phone: '+18009998877', country: 'US' },
    '＋18009998877': { phone: '+18009998877', country: 'US' },
    '+1800\u200B9998877': { phone: '+18009998877', country: 'US' },
    '+44 (0)20 7946 0958': { phone: '+442079460958', country: 'GB' },
    '+39 06 698 12345': { phone: '+390669812345', country: 'VA' },
  }
  for (const [written, expected] of Object.entries(numbers)) {
    t.same(parsePhone(written), { ok: true, ...expected }, written)
  }
})

t.test('finds the country of the number, not of its dial code', async (t) => {
  const countries: Record<string, string> = {
    '+1 876 555 0123': 'JM',
    '+1 416 555 0123': 'CA',
    '+1 202 555 0123': 'US',
    '+7 701 123 4567': 'KZ',
    '+7 999 123 4567': 'RU',
  }
  for (const [written, country] of Object.entries(countries)) {
    const parsed = parsePhone(written)
    t.match(parsed, { ok: true, country }, written)
    t.equal(parsed.ok && countryOf(parsed.phone), country, 'parsed again from E.164')
  }
})

t.test('refuses satellite and international service numbers, which have no country', async (t) => {
  for (const written of ['+870 773 111 632', '+881 6 1234 5678', '+800 1234 5678', '+979 123 456 789']) {
    t.match(parsePhone(written), { ok: false, reason: /belongs to no country/ }, written)
    t.equal(countryOf(written.replaceAll(' ', '')), undefined)
  }
})

t.test('refuses malformed and unused numbers with a reason', async (t) => {
  const refused: [written: string, reason: RegExp][] = [
    ['+1 800 FLOWERS', /invalid characters/],
    ['+1 800 999 8877 ext 5', /invalid characters/],
    ['+1 800 999 8877 x5', /invalid characters/],
    ['+1 800 999 8877;ext=5', /invalid characters/],
    ['+1 800 999 8877#5', /invalid characters/],
    ['+1 800 999 8877\n+1 900 555 0199', /invalid characters/],
    ['+18009998877,+19005550199', /invalid characters/],
    ['1+8009998877', /invalid characters/],
    ['++18009998877', /invalid characters/],
    ['', /invalid characters/],
    ['+', /invalid characters/],
    ['020 7946 0958', /does not start with a country code/],
    ['+1', /does not start with a country code/],
    ['1'.repeat(100), /does not start with a country code/],
    ['+999 123 456 789', /does not start with a country code/],
    ['+1 555 555 5555', /is not in use in any country/],
    ['+1 800 999 887', /is not in use in any country/],
    ['+44 20 7946 09589', /is not in use in any country/],
  ]
  for (const [written, reason] of refused) t.match(parsePhone(written), { ok: false, reason }, JSON.stringify(written))
})

t.test('the reason never contains the number', async (t) => {
  for (const written of ['+1 555 555 5555', '+44 20 7946 09589', '+870 773 111 632', '020 7946 0958']) {
    const parsed = parsePhone(written)
    t.notOk(parsed.ok || parsed.reason.includes(written))
  }
})
