import t from 'tap'
import { type Answer, createWorld, PASSWORD } from '../support/app.ts'

/** What an answer shows, without what is different in every answer. */
const face = ({ status, headers, body }: Answer) => {
  const { 'x-request-id': _id, date: _date, ...visible } = headers
  const { instance: _instance, ...rest } = body
  return JSON.stringify([status, Object.keys(headers), visible, rest])
}

t.test('unknown, wrong, disabled, locked, password-less and factor-less look the same', async (t) => {
  const world = await createWorld(t)
  for (const [nth, name] of ['known', 'disabled', 'locked', 'barred', 'passwordless', 'factorless'].entries()) {
    await world.addUser(name, `+1202555014${nth}`)
  }
  await world.users.setDisabled('disabled', true)
  const where = 'where user_id = (select user_id from users where username_key = $1)'
  await world.sql(`update factors set locked_until = now() + interval '1 hour' ${where}`, ['locked'])
  await world.sql(`update factors set disabled_at = now() ${where}`, ['barred'])
  await world.sql(`delete from factors ${where}`, ['factorless'])
  await world.sql(`update users set password_hash = null where username_key = 'passwordless'`)

  const faces = new Map<string, string>()
  faces.set('wrong', face(await world.login('known', 'a wrong password')))
  for (const name of ['nobody', 'disabled', 'locked', 'barred', 'passwordless', 'factorless']) {
    faces.set(name, face(await world.login(name, PASSWORD)))
  }
  t.equal(new Set(faces.values()).size, 1, JSON.stringify([...faces], null, 1))
  t.match(faces.get('wrong'), 'invalid_credentials')
  t.equal(world.messages.length, 0, 'and nobody was sent a message')
})

t.test('every refused login costs one hash', async (t) => {
  let hashes = 0
  const world = await createWorld(t, {
    app: {
      passwords: {
        verify: async () => {
          hashes += 1
          return false
        },
        upgrade: async () => undefined,
      },
    },
  })
  await world.addUser('known')
  await world.addUser('disabled', '+12025550144')
  await world.users.setDisabled('disabled', true)
  for (const name of ['known', 'disabled', 'nobody']) await world.login(name)
  t.equal(hashes, 3)
})

t.test('a wrong password inside the cooldown says nothing of the cooldown', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  t.equal((await world.login('alice')).status, 200)
  t.equal((await world.login('alice', 'a wrong password')).body.code, 'invalid_credentials')
  const right = await world.login('alice')
  t.match(right, { status: 429, body: { code: 'resend_cooldown', retry_after: 30 } })
})

t.test('the spellings of one name are one account with one count', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('Kate')
  for (const name of ['kate', 'KATE', ' kate ', 'ｋａｔｅ', '\u212aate']) {
    t.equal((await world.login(name)).status, 200, JSON.stringify(name))
  }
  t.equal(
    await world.users.add({ username: 'KATE', passwordHash: 'x', phone: '+12025550144' }),
    undefined,
    'the name is taken',
  )
})
