import t from 'tap'
import { limitsFor } from '../../src/core/limits.ts'
import { createSessionStore } from '../../src/store/sessions/index.ts'
import { createWorld, PASSWORD } from '../support/app.ts'

const NEW = 'an older tale of four other words'

t.test('parallel refreshes, logouts, logins and a new password leave no old session alive', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const other = await world.startInstance()
  const instances = [world, other]
  for (let round = 0; round < 8; round += 1) {
    const name = `user${round}`
    const phone = `+1202555010${round}`
    await world.addUser(name, phone)
    const held = await world.logIn(name, { remember_device: true })
    const second = await world.logIn(name)
    const pending = (await world.login(name)).body
    const code = world.messages.findLast(({ to }) => to === phone)!.code
    const byDevice = (n: number) =>
      instances[n % 2]!.post('/login', { username: name, password: PASSWORD, device_token: held.device_token })

    const answers = await Promise.all([
      ...Array.from({ length: 4 }, (_, n) => instances[n % 2]!.refresh(held.refresh_token)),
      byDevice(0),
      world.as(second.access_token).post('/password', { current_password: PASSWORD, new_password: NEW }),
      other.post('/logout', { refresh_token: held.refresh_token }),
      byDevice(1),
      other.verify(pending.pending_token, code),
      world.as(held.access_token).delete('/sessions'),
      other.as(held.access_token).delete('/devices'),
      world.as(held.access_token).get('/sessions'),
    ])
    t.strictSame(
      answers.filter(({ status }) => status >= 500).map(({ body }) => body),
      [],
      'no deadlock and no server error',
    )
    const changed = answers[5]!
    const [{ auth_epoch: epoch, user_id: userId } = {}] = await world.sql(
      `select auth_epoch, user_id from users where username = '${name}'`,
    )
    t.equal(epoch, changed.status === 200 ? 1 : 0)
    // All sessions of the old password have ended.
    for (const { body } of answers) {
      if (!body?.refresh_token || body === changed.body) continue
      const again = await world.refresh(body.refresh_token)
      const seen = await other.as(body.access_token).get('/me')
      if (changed.status === 200) t.strictSame([again.status, seen.status], [401, 401])
    }
    if (changed.status === 200) {
      const [{ stale } = {}] = await world.sql(
        `select count(*)::int as stale from sessions s where s.user_id = $1 and s.revoked_at is null and s.auth_epoch = 1`,
        [userId],
      )
      t.equal(stale, 1, 'only the session of the change is open')
      t.equal((await world.refresh(changed.body.refresh_token)).status, 200)
    }
  }
})

t.test('a session that a new password ended cannot end its replacement', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const held = await world.logIn('alice')
  const [row] = await world.sql('select user_id, session_id from sessions')
  const changed = await world.as(held.access_token).post('/password', { current_password: PASSWORD, new_password: NEW })
  t.equal(changed.status, 200)
  // The same as DELETE /sessions if the new password is set between its check and its statement.
  const sessions = createSessionStore(world.database, limitsFor({ codeTtl: 300, resendCooldown: 30 }))
  const ended = await sessions.endOthers({ userId: String(row!['user_id']), sessionId: String(row!['session_id']) })
  t.equal(ended, 0)
  t.equal((await world.refresh(changed.body.refresh_token)).status, 200)
})

t.test('20 parallel confirmations of a new number change it once, and the counters are consistent', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const other = await world.startInstance()
  await world.addUser('alice')
  const held = await world.logIn('alice')
  const { pending_token } = (await world.as(held.access_token).post('/phone', { phone: '+12025550199' })).body
  const code = world.lastCode()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? world : other).as(held.access_token).post('/phone/verify', { pending_token, code }),
    ),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  t.strictSame(
    answers.filter(({ status }) => status >= 500),
    [],
  )
  t.match(await world.sql('select auth_epoch from users'), [{ auth_epoch: 1 }])
  t.match(await world.sql('select phone, failures from factors'), [{ phone: '+12025550199', failures: 0 }])
  t.equal((await world.sql(`select 1 from sends where provider = 'test'`)).length, world.messages.length)
})
