import t from 'tap'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

const SECOND = 'an older tale of four other words'
const THIRD = 'a newer tale of four other words'
const PHONE = '+12025550143'

const world = await createWorld(t, { resendCooldown: 0 })

/** Runs calls on an instance and closes it, so that its notices are sent and recorded in the audit trail. */
const onInstance = async <T>(run: (instance: Pick<World, 'as' | 'logIn' | 'post'>) => Promise<T>): Promise<T> => {
  const instance = await world.startInstance()
  const result = await run(instance)
  await instance.app.close()
  await instance.audit.drain()
  return result
}

let seen = 0

/** Returns the notices since the last call, which are the messages without a code. */
const notices = () => {
  const messages = world.messages.slice(seen)
  seen = world.messages.length
  return messages.filter(({ code }) => code === '')
}

t.test('sends and records a notice of a changed password in the language of the user', async (t) => {
  const userId = await world.addUser('alice', PHONE, 'fr')
  const { status } = await onInstance(async ({ as, logIn }) => {
    const { access_token } = await logIn('alice')
    return as(access_token).post('/password', { current_password: PASSWORD, new_password: SECOND })
  })
  t.equal(status, 200)
  const [notice, ...others] = notices()
  t.match(notice, { to: PHONE, channel: 'sms', text: /^Votre mot de passe Example a été changé/ })
  t.strictSame(others, [])
  t.match(await world.sql('select phone_hash, budget_day from sends where send_id = $1', [notice!.sendId]), [
    { phone_hash: world.phoneHash(PHONE), budget_day: null },
  ])
  t.match(await world.sql(`select user_id, facts from audit_events where event = 'notice_sent'`), [
    { user_id: userId, facts: { notice: 'password_changed', to: /43$/ } },
  ])
  t.strictSame(await world.sql('select 1 from notices'), [], 'the stored number is deleted')
})

t.test('sends one notice a session for several password changes', async (t) => {
  await world.addUser('bob', '+12025550144')
  const passwords = [PASSWORD, SECOND, THIRD, PASSWORD]
  const change = async ({ as, logIn }: Pick<World, 'as' | 'logIn'>) => {
    let { access_token: token } = await logIn('bob')
    for (const [n, next] of passwords.slice(1).entries()) {
      const { status, body } = await as(token).post('/password', {
        current_password: passwords[n]!,
        new_password: next,
      })
      t.equal(status, 200)
      token = body.access_token
    }
  }
  await onInstance(change)
  t.match(notices(), [{ to: '+12025550144', text: /^Your Example password was changed/ }])
  await onInstance(change)
  t.equal(notices().length, 1, 'the next login causes another notice')
})

t.test('sends no notice of a refused change', async (t) => {
  await world.addUser('carol', '+12025550145')
  await onInstance(async ({ as, logIn }) => {
    const { access_token } = await logIn('carol')
    await as(access_token).post('/password', { current_password: 'wrong password', new_password: SECOND })
    await as(access_token).post('/password', { current_password: PASSWORD, new_password: PASSWORD })
  })
  t.strictSame(notices(), [])
})

t.test('sends notices of changes by an operator to the previous number', async (t) => {
  await world.addUser('dave', '+12025550146', 'fr')
  const { hashPassword } = await import('../../src/passwords/argon2id.ts')
  t.ok(await world.users.setPassword('dave', await hashPassword(SECOND)))
  t.ok(await world.users.setPhone('dave', { factor: 'sms', phone: '+12025550147' }))
  t.ok(await world.users.resetFactor('dave'))
  t.ok(await world.users.setPhone('dave', { factor: 'sms', phone: '+12025550147' }), 'the same number, set again')
  t.match(await world.sql('select kind, phone from notices order by kind'), [
    { kind: 'password_changed', phone: '+12025550146' },
    { kind: 'phone_changed', phone: '+12025550146' },
  ])
  // The next notice of any kind triggers the delivery of waiting ones.
  await onInstance(async ({ as, logIn }) => {
    const { access_token } = await logIn('alice', {}, SECOND)
    await as(access_token).post('/password', { current_password: SECOND, new_password: THIRD })
  })
  t.match(
    notices()
      .filter(({ to }) => to === '+12025550146')
      .map(({ text }) => text)
      .sort(),
    [/^Example enverra ses codes/, /^Votre mot de passe Example a été changé/],
  )
})

t.test('sends no notice of the first password of an imported user', async (t) => {
  await world.addUser('erin', '+12025550148')
  await world.sql(`update users set password_hash = null where username = 'erin'`)
  t.ok(await world.users.setPassword('erin', 'a hash'))
  t.strictSame(await world.sql('select 1 from notices'), [])
})
