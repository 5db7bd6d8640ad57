import { createHash } from 'node:crypto'
import t from 'tap'
import { createAdminWorld } from '../support/admin.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'
import { digestTables } from '../support/table-digest.ts'

const NEW = 'an older tale of four other words'
const JSON_TYPE = { 'content-type': 'application/json' }

/** Invalid UTF-8, which a lenient decoder replaces by U+FFFD. */
const NOT_UTF8: Record<string, number[]> = {
  '0xff': [0xff],
  '0xfe': [0xfe],
  'a lone continuation byte': [0x80],
  'a cut sequence of two': [0xc3],
  'a cut sequence of three': [0xe2, 0x82],
  'a cut sequence of four': [0xf0, 0x9f, 0x98],
  'an overlong slash': [0xc0, 0xaf],
  'an overlong NUL': [0xc0, 0x80],
  'an overlong euro sign': [0xf0, 0x82, 0x82, 0xac],
  'a surrogate pair in CESU-8': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  'half of a pair in CESU-8': [0xed, 0xa0, 0x80],
  'beyond U+10FFFF': [0xf4, 0x90, 0x80, 0x80],
  'five bytes': [0xf8, 0x88, 0x80, 0x80, 0x80],
  'Latin-1': [...Buffer.from('Zoë', 'latin1')],
}

/** Returns the JSON text of the object with the given bytes in place of each `~`. */
const bodyWith = (object: object, bytes: readonly number[]): Buffer =>
  Buffer.concat(
    JSON.stringify(object)
      .split('~')
      .flatMap((part, nth) => [...(nth > 0 ? [Buffer.from(bytes)] : []), Buffer.from(part)]),
  )

const sendBytes = (world: Pick<World, 'send'>, url: string, payload: Buffer | string) =>
  world.send({ method: 'POST', url, payload, headers: JSON_TYPE })

/** Tables that record calls; all others must not change. */
const RECORDS = ['events', 'audit_events', 'admin_keys']

const wasMalformed = { status: 400, body: { code: 'malformed_json' } }

t.test('refuses a body that is not UTF-8 on every route before it changes anything', async (t) => {
  const world = await createAdminWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const bodies: [string, object][] = [
    ['/login', { username: 'alice', password: 'a ~ b' }],
    ['/login', { username: 'al~ice', password: PASSWORD }],
    ['/login', { username: 'alice', password: PASSWORD, '~': 1 }],
    ['/register', { username: 'carol', password: `${NEW}~`, phone: '+12025550161' }],
    ['/verify', { pending_token: token, code: world.lastCode(), device_name: '~' }],
    ['/resend', { pending_token: `${token}~` }],
    ['/refresh', { refresh_token: '~' }],
    ['/logout', { refresh_token: '~' }],
    ['/password/reset', { username: '~' }],
  ]
  await world.ledger.drain()
  const before = await digestTables(world.sql, RECORDS)
  for (const [url, body] of bodies) {
    for (const [name, bytes] of Object.entries(NOT_UTF8)) {
      const answer = await sendBytes(world, url, bodyWith(body, bytes))
      t.match(answer, wasMalformed, `${url} ${name}`)
      t.equal(answer.body.detail, 'The body is not UTF-8.')
    }
  }
  t.strictSame(await digestTables(world.sql, RECORDS), before, 'no table has changed')
  t.equal(world.messages.length, 1)
  for (const [name, bytes] of Object.entries(NOT_UTF8)) {
    const payload = bodyWith({ username: 'made', password: `${NEW}~`, phone: '+12025550143' }, bytes)
    const answer = await world.admin.call({ method: 'POST', url: '/admin/users', payload, headers: JSON_TYPE })
    t.match(answer, wasMalformed, `the admin listener: ${name}`)
  }
  t.equal((await world.users.list()).length, 1)
})

t.test('accepts every UTF-8 character, including a byte order mark and U+FFFD', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const password = 'Zoë 😀 € \u{1F468}\u200D\u{1F469} \uFFFD \u{10FFFD} words'
  const register = { username: 'Zoë', password, phone: '+12025550161' }
  const opened = await sendBytes(world, '/register', `\uFEFF${JSON.stringify(register)}`)
  t.equal(opened.status, 200)
  t.equal((await world.verify(opened.body.pending_token, world.lastCode())).status, 200)
  t.equal((await sendBytes(world, '/login', JSON.stringify({ username: 'zoë', password }))).status, 200)
  const escaped = JSON.stringify({ username: 'zoë', password }).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  t.equal((await sendBytes(world, '/login', escaped)).status, 200, 'escapes equal the characters')
  for (const half of ['\\ud83d', '\\ude00', '\\ude00\\ud83d', '\\ud83dx']) {
    const body = `{"username":"zoë","password":"words ${half}"}`
    t.match(await sendBytes(world, '/login', body), { status: 400, body: { code: 'validation_failed' } }, half)
  }
})

t.test('refuses a receipt that is not UTF-8 before the provider reads it', async (t) => {
  let readings = 0
  const provider = {
    name: 'test',
    send: async () => ({ outcome: 'accepted' as const, messageId: 'm1' }),
    readReceipt: () => {
      readings += 1
      return { outcome: 'read' as const, receipts: [] }
    },
  }
  const world = await createWorld(t, { provider })
  const post = (type: string, payload: Buffer) =>
    world.send({ method: 'POST', url: '/webhooks/sms/test', payload, headers: { 'content-type': type } })
  for (const type of [
    'application/json',
    'application/problem+json',
    'application/x-www-form-urlencoded',
    'text/xml',
  ]) {
    t.match(await post(type, Buffer.from([0x7b, 0xff, 0x7d])), wasMalformed, type)
  }
  t.equal(readings, 0)
  t.equal((await post('application/json', Buffer.from('{"to":"Zoë"}'))).status, 204)
  t.equal(
    (await post('application/octet-stream', Buffer.from([0xff]))).status,
    204,
    'other media types are not checked',
  )
  t.equal(readings, 2)
})

t.test('refuses duplicate members at every depth, also with escaped names', async (t) => {
  const world = await createAdminWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const password = JSON.stringify(PASSWORD)
  await world.ledger.drain()
  const before = await digestTables(world.sql, RECORDS)
  for (const [url, body] of [
    ['/login', `{"username":"bob","password":${password},"username":"alice"}`],
    ['/login', `{"username":"alice","password":${password},"password":${password}}`],
    ['/login', `{"username":"alice","password":"x","pass\\u0077ord":${password}}`],
    ['/verify', `{"pending_token":"${token}","code":"000000","code":"${code}"}`],
    ['/verify', `{"pending_token":"${token}","code":"${code}","code":null}`],
    ['/verify', `{"pending_token":"${token}","code":{"a":1,"a":{"b":[1,{"c":2}]}}}`],
    ['/verify', `{"pending_token":"${token}","code":[{"a":":","a":"\\":"}]}`],
    ['/resend', `{"":1,"":2,"pending_token":"${token}"}`],
  ] as const) {
    const answer = await sendBytes(world, url, body)
    t.match(answer, { ...wasMalformed, body: { detail: /duplicate member/ } }, body.replaceAll(token, '…'))
  }
  const made = '{"username":"made","username":"other","phone":"+12025550143"}'
  t.match(
    await world.admin.call({ method: 'POST', url: '/admin/users', payload: made, headers: JSON_TYPE }),
    wasMalformed,
  )
  t.strictSame(await digestTables(world.sql, RECORDS), before, 'no guess was counted')
  t.equal((await world.verify(token, code)).status, 200)
})

t.test('accepts colons, quotes and backslashes in strings, and one name in several objects', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  for (const [nth, word] of ['a:b::c', '"a":"b","a":"c"', '\\":\\\\', '\\', '{"x":1}', ':'].entries()) {
    const password = `${word} and ${createHash('sha256').update(String(nth)).digest('hex')}`
    const user = { username: `user${nth}`, password, phone: `+1202555016${nth}` }
    t.equal((await sendBytes(world, '/register', JSON.stringify(user))).status, 200, word)
  }
  const nested = '{"x":[{"x":{"x":1}},{"x":2},{"x":":"}]}'
  t.match(await sendBytes(world, '/login', nested), { status: 400, body: { code: 'validation_failed' } })
})
