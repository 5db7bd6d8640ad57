import t from 'tap'
import { foldCode } from '../../src/core/challenge/code.ts'
import { parsePhone } from '../../src/factors/sms/phone-number.ts'
import { createAdminWorld } from '../support/admin.ts'
import { createWorld, wrongCode } from '../support/app.ts'

const NEW = 'an older tale of four other words'

/** Returns the code in the digits of the script with the given zero. */
const inScript = (code: string, zero: string) =>
  [...code].map((digit) => String.fromCodePoint(zero.codePointAt(0)! + Number(digit))).join('')

/** Forms of a code that is typed, dictated or pasted. */
const SPELLINGS: Record<string, (code: string) => string> = {
  'a space': (code) => `${code.slice(0, 3)} ${code.slice(3)}`,
  'a hyphen': (code) => `${code.slice(0, 3)}-${code.slice(3)}`,
  'a trailing space': (code) => `${code} `,
  'a leading space': (code) => ` ${code}`,
  'a dot': (code) => `${code.slice(0, 3)}.${code.slice(3)}`,
  'spaces everywhere': (code) => [...code].join(' '),
  'a no-break space': (code) => `${code.slice(0, 3)}\u00A0${code.slice(3)}`,
  'a narrow no-break space': (code) => `${code.slice(0, 3)}\u202F${code.slice(3)}`,
  'an ideographic space': (code) => `${code}\u3000`,
  'a non-breaking hyphen': (code) => `${code.slice(0, 3)}\u2011${code.slice(3)}`,
  'an en dash': (code) => `${code.slice(0, 3)} – ${code.slice(3)}`,
  'a minus sign': (code) => `${code.slice(0, 3)}\u2212${code.slice(3)}`,
  'marks of direction': (code) => `\u202D${code}\u202C`,
  'a zero-width space': (code) => `${code}\u200B`,
  'a byte order mark': (code) => `\uFEFF${code}`,
  'full-width digits': (code) => inScript(code, '０'),
  'Arabic-Indic digits': (code) => inScript(code, '٠'),
  'Persian digits with a space': (code) =>
    inScript(`${code.slice(0, 3)}`, '۰').concat(' ', inScript(code.slice(3), '۰')),
  'Devanagari digits': (code) => inScript(code, '०'),
  'mathematical digits': (code) => inScript(code, '\u{1D7D8}'),
}

t.test('accepts a code with common separators and in the digits of any script', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  for (const [name, spell] of Object.entries(SPELLINGS)) {
    const { body } = await world.login('alice')
    t.equal((await world.verify(body.pending_token, spell(world.lastCode()))).status, 200, name)
  }
  const { access_token } = await world.logIn('alice')
  const alice = world.as(access_token)
  const change = (await alice.post('/phone', { phone: '+12025550199' })).body
  const code = inScript(world.lastCode(), '٠')
  t.equal((await alice.post('/phone/verify', { pending_token: change.pending_token, code })).status, 200)
})

t.test('counts a wrong code in any spelling as one guess', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const wrong = wrongCode(world.lastCode())
  const spellings = Object.values(SPELLINGS).slice(-4)
  for (const [nth, spell] of spellings.entries()) {
    t.match(await world.verify(token, spell(wrong)), { status: 401, body: { attempts_left: 4 - nth } })
  }
  t.equal((await world.sql('select attempts from challenges'))[0]?.attempts, 4)
})

t.test('refuses all other text in place of a code without counting it', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  for (const typed of [
    '',
    '12345',
    '123456789',
    '1234 5',
    '------',
    '      ',
    `+${code}`,
    `${code}a`,
    `x${code}`,
    `${code},`,
    `${code}/`,
    `${code}\n`,
    `\t${code}`,
    '12345²',
    '①②③④⑤⑥',
    '一二三四五六',
    'ⅠⅡⅢⅣⅤⅥ',
    '0x1234',
    '1e5000',
    `${code} is your code`,
    ' '.repeat(60) + code,
  ]) {
    const answer = await world.verify(token, typed)
    t.match(answer, { status: 400, body: { code: 'validation_failed' } }, JSON.stringify(typed))
    t.match(answer.body.errors, [{ path: '/code' }], JSON.stringify(typed))
  }
  t.equal((await world.sql('select attempts from challenges'))[0]?.attempts, 0)
  t.equal((await world.verify(token, code)).status, 200)
})

t.test('converts the digits of every script that the platform supports', async (t) => {
  let systems = 0
  for (const system of Intl.supportedValuesOf('numberingSystem')) {
    const digits = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false }).format(9_876_543_210)
    if (!/^\p{Nd}{10}$/u.test(digits)) continue
    systems += 1
    t.equal(foldCode(digits), '9876543210', system)
  }
  t.ok(systems > 50)
})

/** Numbers as contacts, messages, web pages and spreadsheets format them. */
const PASTED = [
  '+1 202 555 0143',
  '+1\u00A0202\u00A0555\u00A00143',
  '+1\u2011202\u2011555\u20110143',
  '\u202A+1 202 555 0143\u202C',
  '\u202D+12025550143\u202C',
  '\u2068+12025550143\u2069',
  '\uFEFF+12025550143',
  '+1\u200B2025550143',
  'tel:+1-202-555-0143',
  'TEL:+12025550143',
  ' tel: +1 (202) 555-0143 ',
  '+1 202 555 – 0143',
  '+1 202/555 0143',
  '＋１（２０２）５５５－０１４３',
  '+١٢٠٢٥٥٥٠١٤٣',
]

t.test('accepts a pasted number on every route', async (t) => {
  const world = await createAdminWorld(t, { resendCooldown: 0 })
  await world.addUser('owner', '+12025550199')
  const { access_token } = await world.logIn('owner')
  for (const [nth, phone] of PASTED.entries()) {
    const registered = await world.post('/register', { username: `user${nth}`, password: NEW, phone })
    t.equal(registered.status, 200, JSON.stringify(phone))
    t.equal(world.messages.at(-1)!.to, '+12025550143', JSON.stringify(phone))
    t.match(parsePhone(phone), { ok: true, phone: '+12025550143' })
  }
  for (const phone of PASTED.slice(0, 3)) {
    t.equal((await world.as(access_token).post('/phone', { phone })).status, 200)
    t.equal(world.messages.at(-1)!.to, '+12025550143')
  }
  const made = await world.admin.post('/admin/users', { username: 'made', password: NEW, phone: PASTED[4] })
  t.equal(made.status, 201)
})

t.test('refuses text without a number or country code and reports the reason', async (t) => {
  const world = await createWorld(t)
  for (const [phone, reason] of [
    ['202 555 0143', /country code/],
    ['12025550143', /country code/],
    ['001 202 555 0143', /country code/],
    ['011 1 202 555 0143', /country code/],
    ['+1 202 555 0143 ext 5', /characters/],
    ['+1 202 555 0143;ext=5', /characters/],
    ['+1 202 555 0143, +1 202 555 0144', /characters/],
    ['mailto:+12025550143', /characters/],
    ['+1 202 JKL 0143', /characters/],
    ['+1+2025550143', /characters/],
    ['++12025550143', /characters/],
    ['+99999999999', /country code/],
    ['+1 ² 025550143', /characters/],
  ] as const) {
    const { status, body } = await world.post('/register', { username: 'carol', password: NEW, phone })
    t.match({ status, body }, { status: 400, body: { code: 'validation_failed' } }, phone)
    t.match(body.errors, [{ path: '/phone', message: reason }], phone)
  }
  t.equal(world.messages.length, 0)
})

t.test('names the rule of its country that a refused number breaks', async (t) => {
  const world = await createWorld(t)
  for (const [phone, hint] of [
    ['+54 11 2345 6789', /9 after \+54/],
    ['+52 1 55 1234 5678', /no 1, 01, 044 or 045/],
    ['+52 044 55 1234 5678', /no 1, 01, 044 or 045/],
    ['+55 11 6123-4567', /9 after the area code/],
    ['+225 01 23 45 67', /ten digits/],
    ['+229 90 12 34 56', /01 before/],
    ['+39 0312 345 6789', /no 0 before the 3/],
    ['+44 20 7946 0958', /of a type that cannot receive codes/],
    ['+1 555 555 5555', /is not in use in any country/],
  ] as const) {
    const { status, body } = await world.post('/register', { username: 'carol', password: NEW, phone })
    t.match({ status, body }, { status: 422, body: { code: 'destination_not_allowed', detail: hint } }, phone)
    t.notMatch(JSON.stringify(body), phone.replaceAll(/[^0-9]/g, '').slice(-7), 'the number is not repeated')
  }
  for (const [right] of [
    ['+54 9 11 2345 6789'],
    ['+52 55 1234 5678'],
    ['+55 11 96123-4567'],
    ['+225 07 01 23 45 67'],
  ]) {
    t.match(parsePhone(right!), { ok: true }, `${right} is valid`)
  }
  t.match(
    parsePhone('+52 1 55 1234 5678'),
    { ok: false, reason: /no 1, 01, 044 or 045/ },
    'the parser of the command line reports it too',
  )
})
