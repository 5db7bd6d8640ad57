import { Migrator } from 'kysely/migration'
import t, { type Test } from 'tap'
import { migrations } from '../../db/migrations/index.ts'
import { hashPhone } from '../../src/core/delivery/phone.ts'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { deriveSecrets } from '../../src/keys/secrets.ts'
import { parseScenarios } from '../../src/providers/development/scenarios.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { runHere } from '../cli/tool.ts'
import { createAdminWorld } from '../support/admin.ts'
import { createWorld, type World } from '../support/app.ts'

const NEW = 'an older tale of four other words'
const SECRET = 'only for tests: not a secret at all'

/** Spellings of one number by country; the first is the stored one. */
const SPELLINGS: Record<string, string[]> = {
  GB: ['+447400123456', '+4407400123456', '+44 (0)7400 123456', '+44 07400 123456'],
  US: ['+12025550171', '+112025550171', '+1 1 202 555 0171'],
  RU: ['+79161234567', '+789161234567', '+7 8 (916) 123-45-67'],
  KR: [
    '+821023123456',
    '+8201023123456',
    '+82 010-2312-3456',
    ...[81, 82, 83, 84, 86].map((carrier) => `+820${carrier}1023123456`),
  ],
  CO: ['+573211234567', '+57033211234567', '+57053211234567', '+57073211234567', '+57093211234567'],
  BR: ['+5511961234567', '+55011961234567', '+55 015 11 96123-4567'],
  HU: ['+36201234567', '+3606201234567'],
  AR: ['+5491123456789', '+54 11 15 2345 6789', '+54 9 11 2345 6789'],
}

const register = (world: Pick<World, 'post'>, username: string, phone: string) =>
  world.post('/register', { username, password: NEW, phone })

t.test('shares one cooldown and one hourly cap between all spellings of a number', async (t) => {
  const world = await createWorld(t, { guard: { number: GUARD_RULES.number } })
  for (const [country, [stored, ...others]] of Object.entries(SPELLINGS)) {
    t.equal((await register(world, `first-${country}`, stored!)).status, 200, stored!)
    for (const [nth, spelling] of others.entries()) {
      const answer = await register(world, `${country}-${nth}`, spelling)
      t.match(answer, { status: 429, body: { code: 'resend_cooldown' } }, spelling)
    }
  }
  t.strictSame(
    world.messages.map(({ to }) => to),
    Object.values(SPELLINGS).map(([stored]) => stored),
  )
})

t.test('stores one spelling of a number at POST /register and POST /phone', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const stored = async () => (await world.sql(`select phone from factors`)).map(({ phone }) => phone)
  const { body } = await register(world, 'carol', '+44 (0)7400 123456')
  t.equal(body.delivery.destination, '********56')
  const { access_token } = (await world.verify(body.pending_token, world.lastCode())).body
  t.strictSame(await stored(), ['+447400123456'])

  const change = await world.as(access_token).post('/phone', { phone: '+8201023123456' })
  t.equal(change.status, 200)
  t.equal(world.messages.at(-1)!.to, '+821023123456')
  const verified = await world
    .as(access_token)
    .post('/phone/verify', { pending_token: change.body.pending_token, code: world.lastCode() })
  t.equal(verified.status, 200)
  t.strictSame(await stored(), ['+821023123456'])
  t.equal((await world.sql('select distinct phone_hash from sends')).length, 2)
})

t.test('stores one spelling of a locale from every route', async (t) => {
  const world = await createAdminWorld(t, { resendCooldown: 0 })
  const carol = { username: 'carol', password: NEW, phone: '+12025550161' }
  const { body } = await world.post('/register', { ...carol, locale: 'PT-br' })
  await world.verify(body.pending_token, world.lastCode())
  await world.admin.post('/admin/users', { ...carol, username: 'dave', locale: 'PT-br' })
  t.strictSame(await world.sql('select locale from users'), [{ locale: 'pt-BR' }, { locale: 'pt-BR' }])
  const refused = { status: 400, body: { errors: [{ path: '/locale' }] } }
  t.match(await world.post('/register', { ...carol, username: 'erin', locale: '12' }), refused)
})

t.test('repeats a request with the same Idempotency-Key and another spelling of the number', async (t) => {
  const world = await createWorld(t)
  const headers = { 'idempotency-key': '0f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69' }
  const ask = (phone: string) => world.post('/register', { username: 'carol', password: NEW, phone }, headers)
  const first = await ask('+447400123456')
  await world.ledger.drain()
  t.strictSame((await ask('+44 07400 123456')).body.pending_token, first.body.pending_token)
  t.equal(world.messages.length, 1)
})

t.test('lets operators add, find and track a number in any spelling', async (t) => {
  const world = await createAdminWorld(t)
  const { call } = world.admin
  const created = await call({
    method: 'POST',
    url: '/admin/users',
    payload: { username: 'alice', password: NEW, phone: '+4407400123456' },
  })
  t.equal(created.status, 201)
  for (const spelling of SPELLINGS['GB']!) {
    const found = await call({ method: 'GET', url: `/admin/users?q=${encodeURIComponent(spelling)}` })
    t.match(found, { body: { users: [{ username: 'alice' }] } }, spelling)
  }
  t.equal((await world.login('alice', NEW)).status, 200)
  await world.ledger.drain()
  const tool = (...args: string[]) => runHere(args, { env: { DATABASE_URL: world.url, SECRET } })
  for (const spelling of SPELLINGS['GB']!) t.match((await tool('sms', 'show', spelling)).stdout, /alice/, spelling)

  // A row of an older version, which hashed numbers as they were entered.
  const { phoneKey } = deriveSecrets(SECRET)
  await world.sql('update sends set phone_hash = $1', [hashPhone(phoneKey, '+4407400123456')])
  t.match((await tool('sms', 'show', '+4407400123456')).stdout, /alice/, 'the original spelling finds it')

  t.match((await tool('user', 'set-phone', 'alice', '--phone', '+8201023123456')).stdout, /\+821023123456/)
  t.match((await tool('guard', 'block', '+44 (0)7400')).stdout, /^No messages are sent to \+447400 until/)
})

t.test('matches safe numbers and scenario numbers in every spelling', async (t) => {
  const { address, ...fraud } = GUARD_RULES
  const world = await createWorld(t, {
    resendCooldown: 0,
    safeNumbers: ['+4407400123456'],
    guard: { address: { ...address, perHour: 1 }, prefix: fraud.prefix },
    scenarios: [{ phone: '+8201023123456', scenario: 'code', code: '246810' }],
  })
  await world.addUser('alice', '+447400123456')
  for (let nth = 0; nth < 3; nth += 1) t.equal((await world.login('alice')).status, 200, 'a safe number')
  t.equal(world.messages.length, 3)

  const { status, body } = await register(world, 'carol', '+82 010-2312-3456')
  t.equal(status, 200)
  t.equal(world.messages.length, 3, 'no message for a scenario number')
  t.equal((await world.verify(body.pending_token, '246810')).status, 200)

  const item = '+4407400123456=delivered'
  t.strictSame(parseScenarios([item], { codeLength: 6, strict: false, now: 0 }).faults, [])
  const { SMS_SAFE_NUMBERS } = loadSettings({ env: { SMS_SAFE_NUMBERS: '+4407400123456' }, providers: [CONSOLE] })
  t.strictSame(SMS_SAFE_NUMBERS, ['+4407400123456'], 'the setting accepts any spelling')
})

const CONSOLE = { name: 'console', real: false, settings: { type: 'object', properties: {} } } as never

/** Resets the database to the schema before the repair. */
const formerSchema = async (world: World) => {
  await world.sql('drop schema public cascade')
  await world.sql('create schema public')
  const before = Object.entries(migrations).filter(([name]) => name < '0012')
  const provider = { getMigrations: async () => Object.fromEntries(before) }
  await new Migrator({ db: world.database.kysely as never, provider }).migrateToLatest()
}

const addRaw = async (world: World, username: string, phone: string, key = username) =>
  world.sql(
    `with u as (insert into users (user_id, username, username_key) values (gen_random_uuid(), $1, $3) returning user_id)
     insert into factors (user_id, factor, phone) select user_id, 'sms', $2 from u returning user_id`,
    [username, phone, key],
  )

const migrateTest = async (t: Test) => {
  const world = await createWorld(t, { invariants: false })
  await formerSchema(world)
  await addRaw(world, 'alice', '+4407400123456')
  await addRaw(world, 'bob', '+447400123456')
  await addRaw(world, 'carol', '+112025550171')
  await addRaw(world, 'dave', '+8821612345678')
  await addRaw(world, 'erin', '+12025550143')
  await addRaw(world, 'waits', '+4407400123456', ' waits')
  return world
}

t.test('repairs stored numbers in the migration and reports users who share one', async (t) => {
  const world = await migrateTest(t)
  await world.sql(`
    insert into sends (send_id, challenge_id, user_id, provider, channel, prefix, phone_hash, segments)
    select gen_random_uuid(), gen_random_uuid(), user_id, 'test', 'sms', '+440740012', sha256('x'), 1
    from users where username = 'alice'`)
  await world.sql(`
    insert into challenges (challenge_id, user_id, purpose, factor, channel, auth_epoch, code_hash, max_attempts, expires_at,
      new_phone)
    select gen_random_uuid(), user_id, 'phone', 'sms', 'sms', 0, sha256('x'), 5, now(), '+8201023123456'
    from users where username = 'erin'`)
  await world.sql(`
    insert into notices (user_id, challenge_id, phone)
    select user_id, gen_random_uuid(), '+789161234567' from users where username = 'erin'`)

  const { code, stdout } = await runHere(['migrate'], { env: { DATABASE_URL: world.url } })
  t.equal(code, 0)
  t.match(stdout, /^Repaired the spelling of the phone numbers of 2 users/m)
  t.match(stdout, /^\*{8}56 belongs to several users: alice, bob$/m)
  t.notMatch(stdout, /carol|waits|7400123456/)
  t.strictSame(await world.sql('select username, phone from factors join users using (user_id) order by username'), [
    { username: 'alice', phone: '+447400123456' },
    { username: 'bob', phone: '+447400123456' },
    { username: 'carol', phone: '+12025550171' },
    { username: 'dave', phone: '+8821612345678' },
    { username: 'erin', phone: '+12025550143' },
    { username: 'waits', phone: '+447400123456' },
  ])
  t.strictSame(await world.sql('select prefix from sends'), [{ prefix: '+44740012' }])
  t.strictSame(await world.sql('select new_phone from challenges'), [{ new_phone: '+821023123456' }])
  t.strictSame(await world.sql('select phone from notices'), [{ phone: '+79161234567' }])
  t.strictSame(
    await world.sql(`select username, event, facts from audit_events join users using (user_id) order by username`),
    [
      { username: 'alice', event: 'phone_repaired', facts: { to: '********56', accounts: 2 } },
      { username: 'carol', event: 'phone_repaired', facts: { to: '********71', accounts: 1 } },
    ],
  )
  const again = await runHere(['migrate'], { env: { DATABASE_URL: world.url } })
  t.equal(again.stdout, 'The database is up to date.\n')
})
