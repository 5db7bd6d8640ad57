import t from 'tap'
import { createWorld, wrongCode } from '../support/app.ts'

t.test('exchanges a password and the code from the phone for an access token', async (t) => {
  const world = await createWorld(t)
  const userId = await world.addUser('Alice', '+12025550143')

  const login = await world.login('alice')
  t.equal(login.status, 200)
  t.match(login.body, {
    token_type: 'pending-2fa',
    expires_in: 300,
    factor: 'sms',
    factors: ['sms'],
    code_length: 6,
    delivery: { channel: 'sms', destination: '********43', status: 'sent', resend_in: 30 },
  })
  t.equal(world.messages.length, 1)
  t.equal(world.messages[0]?.to, '+12025550143')

  await world.ledger.drain()
  const waiting = await world.get('/challenge', login.body.pending_token)
  t.match(waiting.body, { state: 'waiting', attempts_left: 5, delivery: { status: 'sent' } })

  const wrong = await world.verify(login.body.pending_token, wrongCode(world.lastCode()))
  t.equal(wrong.status, 401)
  t.match(wrong.body, { code: 'invalid_code', attempts_left: 4 })

  const verified = await world.verify(login.body.pending_token, world.lastCode())
  t.equal(verified.status, 200)
  t.match(verified.body, { token_type: 'Bearer', expires_in: 600 })

  const me = await world.get('/me', verified.body.access_token)
  t.strictSame(me.body, { id: userId, username: 'Alice', phone: '********43', factors: ['sms'] })

  const approved = await world.get('/challenge', login.body.pending_token)
  t.equal(approved.body.state, 'approved')

  const again = await world.verify(login.body.pending_token, world.lastCode())
  t.equal(again.body.code, 'challenge_invalid')
})
