import t from 'tap'
import { type Answer, createWorld } from '../support/app.ts'
import { addRefusedUsers } from '../support/refused-users.ts'

/** Returns a response without the parts that differ in every response. */
const visiblePartOf = ({ status, headers, body }: Answer) => {
  const { 'x-request-id': _id, date: _date, ...visible } = headers
  const { instance: _instance, ...rest } = body
  return JSON.stringify([status, Object.keys(headers), visible, rest])
}

t.test('unknown, wrong, disabled, locked, password-less and factor-less logins get the same response', async (t) => {
  const world = await createWorld(t)
  const responses = new Map<string, string>()
  for (const { reason, username, password } of await addRefusedUsers(world)) {
    responses.set(reason, visiblePartOf(await world.login(username, password)))
  }
  t.equal(new Set(responses.values()).size, 1, JSON.stringify([...responses], null, 1))
  t.match(responses.get('wrong password'), 'invalid_credentials')
  t.equal(world.messages.length, 0, 'no message was sent')
})

t.test('computes one hash for every refused login', async (t) => {
  let hashes = 0
  const world = await createWorld(t, {
    app: {
      credentials: {
        passwords: {
          verify: async () => {
            hashes += 1
            return false
          },
          hash: async () => '',
          upgrade: async () => undefined,
        },
      },
    },
  })
  await world.addUser('known')
  await world.addUser('disabled', '+12025550144')
  await world.users.setDisabled('disabled', true)
  for (const name of ['known', 'disabled', 'nobody']) await world.login(name)
  t.equal(hashes, 3)
})

t.test('a wrong password during the cooldown does not reveal the cooldown', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  t.equal((await world.login('alice')).status, 200)
  t.equal((await world.login('alice', 'a wrong password')).body.code, 'invalid_credentials')
  const right = await world.login('alice')
  t.match(right, { status: 429, body: { code: 'resend_cooldown' } })
  t.ok(right.body.retry_after > 20)
})

t.test('all spellings of one name log in to one account', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('Kate')
  for (const name of ['kate', 'KATE', ' kate ', 'ｋａｔｅ', '\u212aate']) {
    t.equal((await world.login(name)).status, 200, JSON.stringify(name))
  }
  t.equal(
    await world.users.add({ username: 'KATE', passwordHash: 'x', factor: 'sms', phone: '+12025550144' }),
    undefined,
    'the name is taken',
  )
})
