import t from 'tap'
import type { SendResult } from '../../src/core/ports.ts'
import { createWorld } from '../support/app.ts'

/** A company whose next answers can be set. */
const createCompany = () => {
  const company = {
    next: { outcome: 'accepted' } as SendResult,
    provider: { name: 'company', send: async () => company.next },
  }
  return company
}

t.test('a message that surely did not leave costs nothing: no cooldown, and the former code still works', async (t) => {
  const company = createCompany()
  const world = await createWorld(t, { provider: company.provider })
  await world.addUser('alice')
  const first = (await world.login('alice')).body.pending_token
  const firstCode = world.lastCode()
  await world.passTime(30)

  company.next = { outcome: 'failed', reason: 'HTTP 500', retryAfter: 7 }
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable', retry_after: 7 } })
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable' } }, 'at once again: no cooldown')
  t.match(await world.resend(first), { status: 503, body: { code: 'sms_unavailable' } })
  t.equal((await world.get('/challenge', first)).body.state, 'waiting')
  t.equal((await world.verify(first, firstCode)).status, 200, 'the code of before')

  company.next = { outcome: 'accepted' }
  const { status, body } = await world.login('alice')
  t.match({ status, body }, { status: 200, body: { delivery: { resend_in: 30 } } })
  t.equal((await world.sql('select count(*)::int as n from challenges'))[0]?.n, 2, 'what was withdrawn left no row')
})

t.test('a message whose fate is unknown may arrive: the challenge stands, and its status says so', async (t) => {
  const company = createCompany()
  company.next = { outcome: 'unknown', reason: 'no answer in time' }
  const world = await createWorld(t, { provider: company.provider })
  await world.addUser('alice')
  const login = await world.login('alice')
  const { body } = login
  t.match(login, { status: 200, body: { delivery: { status: 'unknown', resend_in: 30 } } })
  // The caller was not kept for the bookkeeping, so that it may take a moment more.
  const status = async () => (await world.get('/challenge', body.pending_token)).body.delivery.status
  while ((await status()) === 'sent') await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(await status(), 'unknown')
  t.equal((await world.login('alice')).body.code, 'resend_cooldown', 'it counts as sent')
  t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200)
})

t.test('a number that is refused for good is a destination that is not allowed', async (t) => {
  const company = createCompany()
  company.next = { outcome: 'refused', reason: 'HTTP 400' }
  const world = await createWorld(t, { provider: company.provider })
  await world.addUser('alice')
  t.match(await world.login('alice'), { status: 422, body: { code: 'destination_not_allowed' } })
  t.strictSame(await world.sql('select next_send_at <= now() as free, login_challenge_id from users'), [
    { free: true, login_challenge_id: null },
  ])
})

t.test('nothing is sent to a country that is not named, not even on resend', async (t) => {
  const world = await createWorld(t, { countries: ['US', 'CA'] })
  const userId = await world.addUser('alice', '+12025550143')
  await world.addUser('jamaica', '+18765551234')
  await world.addUser('satellite', '+870772001234')
  for (const name of ['jamaica', 'satellite']) {
    t.match(await world.login(name), { status: 422, body: { code: 'destination_not_allowed' } }, name)
    t.equal(
      (await world.login(name, 'a wrong password')).body.code,
      'invalid_credentials',
      'only after a right password',
    )
  }
  t.equal(world.messages.length, 0)
  const { pending_token: token } = (await world.login('alice')).body
  await world.passTime(30)
  await world.sql(`update factors set phone = '+18765551234' where user_id = $1`, [userId])
  t.equal((await world.resend(token)).body.code, 'destination_not_allowed')
  t.equal(world.messages.length, 1)
})

t.test('no message is sent before the right password', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  for (let nth = 0; nth < 5; nth += 1) await world.login('alice', `wrong password ${nth}`)
  t.equal(world.messages.length, 0)
})

t.test('a failed send that a newer login has overtaken withdraws nothing of it', async (t) => {
  let release = (_result: SendResult) => {}
  const results = [
    new Promise<SendResult>((resolve) => {
      release = resolve
    }),
    Promise.resolve<SendResult>({ outcome: 'accepted' }),
  ]
  const world = await createWorld(t, { provider: { name: 'slow', send: () => results.shift()! } })
  await world.addUser('alice')
  const slow = world.login('alice')
  while (world.messages.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await world.passTime(30)
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  release({ outcome: 'failed', reason: 'HTTP 500' })
  t.equal((await slow).body.code, 'sms_unavailable')
  t.equal((await world.verify(token, code)).status, 200)
})
