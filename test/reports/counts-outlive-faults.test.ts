import t from 'tap'
import { PASSWORD_RULES } from '../../src/core/limits.ts'
import { createEventOutbox } from '../../src/store/outbox/events.ts'
import { createWorld, PASSWORD, type World, wrongCode } from '../support/app.ts'

/** Makes every insert of an event fail until the returned function is called. */
const breakEvents = async (world: World) => {
  await world.sql(`
    create function broken() returns trigger language plpgsql as $$
    begin raise exception 'as the test asks'; end $$`)
  await world.sql('create trigger broken before insert on events for each row execute function broken()')
  return async () => {
    await world.sql('drop trigger broken on events')
  }
}

const factorOf = async (world: World) =>
  (
    await world.sql('select failures, locked_until > now() as locked, disabled_at is not null as disabled from factors')
  )[0]

const eventsOf = (world: World) => world.sql('select type, data from events order by created_at')

t.test('counts wrong guesses and returns 503 while events cannot be written', async (t) => {
  const world = await createWorld(t)
  const other = await world.startInstance()
  await world.addUser('alice')
  await world.sql('update factors set failures = 9')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const repair = await breakEvents(world)
  for (let nth = 1; nth <= 12; nth += 1) {
    const answer = await (nth % 2 ? world : other).verify(token, wrongCode(code, nth))
    t.match(answer, { status: 503, body: { code: 'service_unavailable', retry_after: Number } }, `guess ${nth}`)
    t.notMatch(JSON.stringify(answer.body), 'as the test asks')
  }
  t.match(await world.verify(token, code), { status: 503 }, 'a correct code has the same answer')
  t.match(await factorOf(world), { failures: 10, locked: true })
  t.equal(
    (await world.sql('select attempts from challenges'))[0]!['attempts'],
    1,
    'guesses against a locked factor are not counted',
  )

  await repair()
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, nth) => (nth % 2 ? world : other).verify(token, code)),
  )
  for (const { body } of answers) t.equal(body.code, 'factor_locked')
  t.match(await eventsOf(world), [{ type: 'account.locked', data: { factor: 'sms', failures: 10, until: String } }])
  t.equal((await eventsOf(world)).length, 1, 'one event only')
  await world.passTime(901)
  t.equal((await world.verify(token, code)).body.code, 'challenge_invalid', 'the code has expired')
})

t.test('disables the factor at the 100th failure while events cannot be written', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  await world.sql('update factors set failures = 99')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const repair = await breakEvents(world)
  t.equal((await world.verify(token, wrongCode(code))).status, 503)
  t.match(await factorOf(world), { failures: 100, disabled: true })
  t.equal((await world.verify(token, code)).status, 503)
  await repair()
  t.match(await world.verify(token, code), { status: 403, body: { code: 'factor_disabled' } })
  t.match(await eventsOf(world), [{ type: 'factor.disabled', data: { failures: 100 } }])
})

t.test('delivers a delayed event without another guess', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  await world.sql('update factors set failures = 9')
  const { pending_token: token } = (await world.login('alice')).body
  const repair = await breakEvents(world)
  t.equal((await world.verify(token, wrongCode(world.lastCode()))).status, 503)
  const outbox = createEventOutbox(world.database)
  t.strictSame(await outbox.claim(10), [], 'the event is not written yet')
  await repair()
  t.match(await outbox.claim(10), [{ type: 'account.locked', data: { failures: 10 } }])
  t.strictSame(await outbox.claim(10), [])
})

t.test('answers a guess without an event as usual while events cannot be written', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  await breakEvents(world)
  t.match(await world.verify(token, wrongCode(world.lastCode())), { status: 401, body: { attempts_left: 4 } })
  t.equal((await world.verify(token, world.lastCode())).status, 200)
})

t.test('ends the session of a reused refresh token while events cannot be written', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const { refresh_token: first } = await world.logIn('alice')
  const { refresh_token: second } = (await world.refresh(first)).body
  const { refresh_token: third } = (await world.refresh(second)).body
  await breakEvents(world)
  await world.passTime(600)
  t.match(await world.refresh(first), { status: 401 })
  t.match(await world.refresh(third), { status: 401 }, 'attacker and owner are logged out')
  t.match(await world.sql('select revoked_for from sessions'), [{ revoked_for: 'reuse' }])
})

t.test('deletes a reused device token while events cannot be written', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const { device_token: first } = await world.logIn('alice', { remember_device: true })
  const login = (token: string) => world.post('/login', { username: 'alice', password: PASSWORD, device_token: token })
  const { device_token: second } = (await login(first)).body
  await breakEvents(world)
  await world.passTime(600)
  t.match((await login(first)).body, { token_type: 'pending-2fa' }, 'the login requires a code')
  t.strictSame(await world.sql('select 1 from devices'), [])
  t.match((await login(second)).body, { token_type: 'pending-2fa' })
})

t.test('counts a wrong password even if its consequences cannot be written', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, passwordRules: PASSWORD_RULES })
  await world.addUser('alice')
  await world.sql(`
    create or replace function count_password_failure(p_name bytea, rules jsonb) returns void language plpgsql as $$
    begin raise exception 'the row is locked' using errcode = '55P03'; end $$`)
  for (let nth = 1; nth <= PASSWORD_RULES.perAddress; nth += 1) {
    t.match(await world.login('alice', `wrong ${nth}`), { status: 503, body: { code: 'service_unavailable' } })
  }
  t.match(
    await world.login('alice'),
    { status: 429, body: { code: 'rate_limited' } },
    'the correct password is refused at the limit',
  )
})
