import t from 'tap'
import { createAdminWorld, REFUSED_PHONE, UNKNOWN_ID } from '../support/admin.ts'
import { PASSWORD } from '../support/app.ts'

const PHONE = '+12025550143'

/** Sends every call on one user and returns the responses. */
const everyCallOn = async (
  { get, post, remove }: Awaited<ReturnType<typeof createAdminWorld>>['admin'],
  one: string,
) => [
  await get(one),
  await get(`${one}/sessions`),
  await get(`${one}/audit`),
  await remove(`${one}/sessions`),
  await post(`${one}/disable`),
  await post(`${one}/enable`),
  await post(`${one}/reset-factor`),
]

t.test('creates a user who can log in, with a locale and an E.164 number', async (t) => {
  const world = await createAdminWorld(t)
  const made = await world.admin.post('/admin/users', {
    username: ' Alice ',
    password: PASSWORD,
    phone: '+1 (202) 555-0143',
    locale: 'PT-br',
  })
  t.match(made, {
    status: 201,
    headers: { location: `/admin/users/${made.body.id}` },
    body: {
      username: 'Alice',
      phone: '********43',
      locale: 'pt-BR',
      has_password: true,
      disabled: false,
      factor: { failures: 0, locked_until: null, disabled: false },
    },
  })
  t.strictSame(await world.sql('select phone from factors'), [{ phone: PHONE }])
  const login = await world.login('alice')
  t.equal((await world.verify(login.body.pending_token, world.lastCode())).status, 200)
  t.strictSame((await world.admin.get(made.headers['location']!)).body, made.body)
})

t.test('creates a user without a password, who cannot log in', async (t) => {
  const world = await createAdminWorld(t)
  const { body } = await world.admin.post('/admin/users', { username: 'alice', phone: PHONE })
  t.match(body, { has_password: false })
  t.equal((await world.login('alice')).status, 401)
})

t.test('reports invalid members of a new user and creates nothing', async (t) => {
  const { admin, sql } = await createAdminWorld(t)
  const good = { username: 'alice', password: 'long enough', phone: PHONE }
  const cases: [object, number, string, string?][] = [
    [{ ...good, username: '' }, 400, 'validation_failed', '/username'],
    [{ ...good, username: '  ' }, 400, 'validation_failed', '/username'],
    [{ ...good, username: 'x'.repeat(255) }, 400, 'validation_failed', '/username'],
    [{ ...good, username: 'a\u0000b' }, 400, 'validation_failed', '/username'],
    [{ ...good, password: 'seven77' }, 422, 'password_rejected'],
    [{ ...good, password: '' }, 400, 'validation_failed', '/password'],
    [{ ...good, password: 'x'.repeat(257) }, 400, 'validation_failed', '/password'],
    [{ ...good, password: 12345678 }, 400, 'validation_failed', '/password'],
    [{ ...good, password: 'password1' }, 422, 'password_rejected'],
    [{ ...good, phone: '12' }, 400, 'validation_failed', '/phone'],
    [{ ...good, phone: 'call me' }, 400, 'validation_failed', '/phone'],
    [{ ...good, phone: '+870773111632' }, 400, 'validation_failed', '/phone'],
    [{ ...good, phone: REFUSED_PHONE }, 422, 'destination_not_allowed'],
    [{ ...good, locale: `english${'x'.repeat(30)}` }, 400, 'validation_failed', '/locale'],
    [{ ...good, locale: '1-2' }, 400, 'validation_failed', '/locale'],
    [{ username: 'alice' }, 400, 'validation_failed', '/phone'],
    [[], 400, 'validation_failed'],
  ]
  for (const [payload, status, code, path] of cases) {
    const { body, ...answer } = await admin.post('/admin/users', payload)
    t.match({ ...answer, body }, { status, body: { code } }, JSON.stringify(payload))
    if (path) t.equal(body.errors[0].path, path, JSON.stringify(payload))
  }
  t.strictSame(await sql('select from users'), [])
})

t.test('refuses members and parameters that are not part of a request', async (t) => {
  const { admin, addUser, sql } = await createAdminWorld(t)
  const id = await addUser('alice')
  for (const member of [
    { auth_epoch: 9 },
    { user_id: UNKNOWN_ID },
    { id: UNKNOWN_ID },
    { password_hash: '$argon2id$x' },
    { username_key: 'root' },
    { disabled_at: null },
    { scopes: ['users:write'] },
    { factor: { disabled: false } },
  ]) {
    const answer = await admin.post('/admin/users', { username: 'bob', phone: '+12025550144', ...member })
    t.match(answer, { status: 400, body: { code: 'validation_failed' } }, JSON.stringify(member))
    t.equal((await admin.post(`/admin/users/${id}/enable`, member)).status, 400, JSON.stringify(member))
  }
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1e2',
    'limit=5&limit=6',
    'order=phone',
    'q=',
    'after=%00',
  ]) {
    t.match(await admin.get(`/admin/users?${query}`), { status: 400, body: { code: 'validation_failed' } }, query)
  }
  t.equal((await admin.post(`/admin/users/${id}/enable`, {})).status, 200, 'an empty object counts as no body')
  t.strictSame(await sql('select username from users'), [{ username: 'alice' }])
})

t.test('creates one user for two parallel creations of one name', async (t) => {
  const { admin, sql } = await createAdminWorld(t)
  for (let round = 0; round < 5; round += 1) {
    const spellings = [`Straße ${round}`, `STRASSE ${round}`]
    const answers = await Promise.all(
      spellings.map((username) => admin.post('/admin/users', { username, phone: PHONE, password: 'long enough' })),
    )
    t.strictSame(answers.map(({ status }) => status).sort(), [201, 409])
    t.match(
      answers.find(({ status }) => status === 409),
      { body: { code: 'username_taken' } },
    )
  }
  t.strictSame(await sql('select count(*)::int as users, (select count(*)::int from factors) as factors from users'), [
    { users: 5, factors: 5 },
  ])
})

t.test('lists 1,000 users in order and once each while others are added and removed', async (t) => {
  const { admin, sql } = await createAdminWorld(t)
  await sql(`
    with u as (
      insert into users (user_id, username, username_key)
      select gen_random_uuid(), name, name from (select 'user ' || lpad(n::text, 4, '0') as name from generate_series(1, 1000) n) x
      returning user_id
    )
    insert into factors (user_id, factor, phone) select user_id, 'sms', '+12025550143' from u`)
  const seen: string[] = []
  let after = ''
  let pages = 0
  do {
    const { status, body } = await admin.get(`/admin/users?limit=100${after && `&after=${after}`}`)
    t.equal(status, 200)
    seen.push(...body.users.map(({ username }: { username: string }) => username))
    after = body.next ?? ''
    pages += 1
    if (pages === 3) {
      await sql(`delete from users where username in ('user 0001', 'user 0300')`)
      await sql(`insert into users (user_id, username, username_key) values (gen_random_uuid(), 'aaa', 'aaa')`)
    }
  } while (after !== '')
  t.equal(pages, 10)
  t.strictSame(
    seen,
    Array.from({ length: 1000 }, (_, n) => `user ${String(n + 1).padStart(4, '0')}`),
  )
  t.equal((await admin.get('/admin/users')).body.users.length, 50, 'the default limit is 50')
  const last = (await admin.get('/admin/users?q=user%20099&limit=10')).body
  t.equal(last.users.length, 10)
  t.equal(last.next, null, 'a full last page has no next cursor')
})

t.test('finds users by the start of the name in any spelling, or by the whole number', async (t) => {
  const { admin, addUser } = await createAdminWorld(t)
  await addUser('Alice', '+12025550101')
  await addUser('alicia', '+12025550102')
  await addUser('Bob', '+12025550103')
  await addUser('+1202555', '+12025550104')
  await addUser('100%', '+12025550105')
  await addUser('Ænima_é', '+12025550106')
  const names = async (q: string) => {
    const { status, body } = await admin.get(`/admin/users?q=${encodeURIComponent(q)}`)
    return status === 200 ? body.users.map(({ username }: { username: string }) => username) : status
  }
  t.strictSame(await names('ALI'), ['Alice', 'alicia'])
  t.strictSame(await names('ａｌｉｃｅ'), ['Alice'])
  t.strictSame(await names('lice'), [], 'only the start of the name matches')
  t.strictSame(await names('æNIMA_É'), ['Ænima_é'])
  t.strictSame(await names('Ænima_e\u0301'), ['Ænima_é'])
  t.strictSame(await names('+12025550103'), ['Bob'])
  t.strictSame(await names('+1202555010'), [], 'only the whole number matches')
  t.strictSame(await names('+1202555'), ['+1202555'], 'a name may look like a number')
  t.strictSame(await names('+12025550104'), ['+1202555'])
  t.strictSame(await names('%'), [], 'no wildcards')
  t.strictSame(await names('100%'), ['100%'])
  t.strictSame(await names('_'), [])
  for (const q of [`'; drop table users; --`, `' or '1'='1`, '\\', `a' || 'l`, '$1', '{}', '10.0.0.1/8']) {
    t.strictSame(await names(q), [], q)
  }
  t.strictSame(await names('a\u0000'), 400)
  t.strictSame(await names('+12025550103'), ['Bob'], 'the table still exists')
  for (const id of [`${UNKNOWN_ID}'--`, '1', 'null', `urn:uuid:${UNKNOWN_ID}`, '%27']) {
    t.match(
      await admin.get(`/admin/users/${encodeURIComponent(id)}`),
      { status: 400, body: { code: 'validation_failed' } },
      id,
    )
  }
  t.match(await admin.get('/admin/users?after=YQ%3D'), { status: 400 })
  for (const cursor of ['YQA', 'Yf', '_w'])
    t.equal((await admin.get(`/admin/users?after=${cursor}`)).status, 400, cursor)
})

t.test('ends the challenges of a disabled user, and enabling does not restore them', async (t) => {
  const world = await createAdminWorld(t)
  const id = await world.addUser('alice')
  const { body } = await world.login('alice')
  const code = world.lastCode()
  t.match(await world.admin.post(`/admin/users/${id}/disable`), { status: 200, body: { id, disabled: true } })
  const [{ since }] = (await world.sql('select disabled_at as since from users')) as [{ since: Date }]
  t.match(
    await world.admin.post(`/admin/users/${id}/disable`),
    { status: 200, body: { disabled: true } },
    'a second call',
  )
  t.strictSame(await world.sql('select disabled_at as since from users'), [{ since }], 'the time does not change')
  t.equal((await world.login('alice')).status, 401)
  t.match(await world.verify(body.pending_token, code), { status: 401, body: { code: 'challenge_invalid' } })
  t.match(await world.admin.post(`/admin/users/${id}/enable`), { status: 200, body: { disabled: false } })
  t.match(await world.verify(body.pending_token, code), { status: 401, body: { code: 'challenge_invalid' } })
  await world.passTime(60)
  t.equal((await world.login('alice')).status, 200)
})

t.test('resets a factor with its failures, locks and challenges', async (t) => {
  const world = await createAdminWorld(t, { invariants: false })
  const id = await world.addUser('alice')
  const { body } = await world.login('alice')
  await world.sql(
    `update factors set failures = 100, disabled_at = now(), locked_until = '2100-01-01T00:00:00Z' where user_id = $1`,
    [id],
  )
  t.match((await world.admin.get(`/admin/users/${id}`)).body, {
    factor: { failures: 100, disabled: true, locked_until: '2100-01-01T00:00:00.000Z' },
  })
  t.match(await world.admin.post(`/admin/users/${id}/reset-factor`), {
    status: 200,
    body: { factor: { failures: 0, disabled: false, locked_until: null } },
  })
  t.match(await world.verify(body.pending_token, world.lastCode()), {
    status: 401,
    body: { code: 'challenge_invalid' },
  })
  t.strictSame(await world.sql('select auth_epoch from users'), [{ auth_epoch: 1 }])
  await world.sql('delete from factors')
  t.equal((await world.admin.post(`/admin/users/${id}/reset-factor`)).status, 200, 'a user without a factor')
})

t.test('lists only live sessions, and ends them all with one call', async (t) => {
  const world = await createAdminWorld(t)
  const id = await world.addUser('alice')
  const other = await world.addUser('bob', '+12025550144')
  const { body } = await world.login('alice')
  const session = (name: string, columns = '', values = '', user = id) =>
    world.sql(
      `insert into sessions (session_id, user_id, auth_epoch, acr, amr, address, name, expires_at${columns})
       values (gen_random_uuid(), $1, 0, 'aal2', '{pwd,sms,mfa}', '192.0.2.7', $2, now() + interval '1 day'${values})`,
      [user, name],
    )
  await session('live')
  await session('used', ', last_used_at', `, now() + interval '1 second'`)
  await session('revoked', ', revoked_at', ', now()')
  await session('idle', ', last_used_at', `, now() - interval '1 hour'`)
  await session('of bob', '', '', other)
  await session('over')
  await world.sql(`update sessions set expires_at = now() where name = 'over'`)
  const shown = async (user: string) =>
    (await world.admin.get(`/admin/users/${user}/sessions`)).body.sessions.map(({ name }: { name: string }) => name)
  t.strictSame(await shown(id), ['used', 'live'])
  t.match((await world.admin.get(`/admin/users/${id}/sessions`)).body.sessions[0], {
    address: '192.0.2.7',
    acr: 'aal2',
    by_device: false,
  })
  t.match(await world.admin.remove(`/admin/users/${id}/sessions`), { status: 204, body: '' })
  t.strictSame(await shown(id), [])
  t.strictSame(await shown(other), ['of bob'])
  t.match(await world.verify(body.pending_token, world.lastCode()), {
    status: 401,
    body: { code: 'challenge_invalid' },
  })
})

t.test('returns the audit trail of a user newest first', async (t) => {
  const world = await createAdminWorld(t)
  const id = await world.addUser('alice')
  await world.login('alice')
  await world.login('alice', 'wrong password')
  await world.audit.drain()
  const { body } = await world.admin.get(`/admin/users/${id}/audit`)
  t.strictSame(body.events.map(({ event }: { event: string }) => event).sort(), [
    'code_sent',
    'login_failed',
    'login_ok',
  ])
  t.match(body.events[0], { event: 'login_failed', address: '127.0.0.1', facts: { password_ok: false } })
  const oldest = body.events.at(-1)
  await world.audit.drain()
  const { events } = (await world.admin.get(`/admin/users/${id}/audit?limit=2`)).body
  t.match(events, [{ event: 'admin_call', facts: { operation: 'GET /admin/users/:id/audit' } }, body.events[0]])
  t.equal(events.length, 2)
  t.strictSame((await world.admin.get(`/admin/users/${id}/audit?before=${oldest.at}`)).body.events, [])
  t.equal((await world.admin.get(`/admin/users/${id}/audit?before=yesterday`)).status, 400)
})

t.test('returns 404 for an unknown user on every route', async (t) => {
  const { admin } = await createAdminWorld(t)
  const one = `/admin/users/${UNKNOWN_ID}`
  for (const answer of await everyCallOn(admin, one)) {
    t.match(answer, { status: 404, body: { code: 'not_found' } })
  }
})

t.test('neither lists, finds nor changes an unfinished registration', async (t) => {
  const { admin, addUser, users, sql } = await createAdminWorld(t)
  await addUser('alice')
  const id = await addUser('waiting', '+12025550199')
  await sql(`insert into registrations (user_id, username_key) values ($1, 'waiting')`, [id])
  await sql(`update users set username_key = ' ' || user_id where user_id = $1`, [id])
  const before = await sql('select u.*, f.failures from users u join factors f using (user_id) order by username')
  t.strictSame(
    (await admin.get('/admin/users')).body.users.map(({ username }: { username: string }) => username),
    ['alice'],
  )
  for (const q of ['waiting', ' ', '+12025550199', id]) {
    t.strictSame(
      (await admin.get(`/admin/users?q=${encodeURIComponent(q)}`)).body.users.filter(
        (user: { id: string }) => user.id === id,
      ),
      [],
      q,
    )
  }
  const one = `/admin/users/${id}`
  for (const answer of await everyCallOn(admin, one)) {
    t.equal(answer.status, 404)
  }
  for (const name of ['waiting', ` ${id}`, { userId: id }]) {
    t.equal(await users.setDisabled(name, true), false)
    t.equal(await users.resetFactor(name), false)
    t.equal(await users.endSessions(name), false)
    t.equal(await users.find(name), undefined)
  }
  t.strictSame(
    (await users.list()).map(({ username }) => username),
    ['alice'],
  )
  t.strictSame(
    await sql('select u.*, f.failures from users u join factors f using (user_id) order by username'),
    before,
  )
  t.equal(
    (await admin.post('/admin/users', { username: 'waiting', phone: '+12025550199' })).status,
    201,
    'the name is available',
  )
})
