import t from 'tap'
import { PASSWORD_RULES } from '../../src/core/limits.ts'
import { createWorld, PASSWORD, wrongCode } from '../support/app.ts'

t.test('a locked factor refuses guesses, resends and logins', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  await world.sql('update factors set failures = 9')
  await world.verify(token, wrongCode(code))
  const before = world.messages.length
  t.equal((await world.verify(token, code)).body.code, 'factor_locked', 'the code')
  t.equal((await world.resend(token)).body.code, 'factor_locked', 'another code')
  await world.passTime(31)
  t.equal((await world.resend(token)).body.code, 'factor_locked', 'another code, after the wait')
  t.equal((await world.login('alice')).body.code, 'invalid_credentials', 'a new login')
  t.equal(world.messages.length, before, 'nothing was sent')
})

t.test('resetting the factor does not reset password attempts', async (t) => {
  const world = await createWorld(t, { passwordRules: { ...PASSWORD_RULES, firstDelay: 0 } })
  await world.addUser('alice')
  for (let nth = 0; nth < 10; nth += 1) await world.login('alice', 'a wrong password')
  await world.users.resetFactor('alice')
  t.equal((await world.login('alice')).status, 429)
})

t.test('disabling and enabling an account ends its open challenges', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  await world.users.setDisabled('alice', true)
  await world.users.setDisabled('alice', false)
  t.equal((await world.verify(token, world.lastCode())).body.code, 'challenge_invalid')
  t.equal((await world.resend(token)).body.code, 'challenge_invalid')
  await world.passTime(30)
  const fresh = await world.login('alice', PASSWORD)
  t.equal((await world.verify(fresh.body.pending_token, world.lastCode())).status, 200)
})

t.test('the owner logs in from a new address after 40 wrong passwords from others', async (t) => {
  const world = await createWorld(t, { passwordRules: PASSWORD_RULES })
  await world.addUser('alice')
  for (let nth = 0; nth < 40; nth += 1) {
    await world.send({
      method: 'POST',
      url: '/login',
      payload: { username: 'alice', password: `wrong ${nth}` },
      remoteAddress: `198.51.100.${nth % 4}`,
    })
  }
  const owner = await world.send({
    method: 'POST',
    url: '/login',
    payload: { username: 'alice', password: PASSWORD },
    remoteAddress: '203.0.113.1',
  })
  t.equal(owner.status, 200)
})
