import t from 'tap'
import { claimsOf, open, start } from '../support/doorcode.ts'
import { call } from '../support/server-process.ts'

t.test('logs a user in with the code that the kit waits for', async (t) => {
  const api = await start(t, { AUDIENCE: 'https://api.example.com', SERVICE_NAME: 'Example' })
  t.equal(api.issuer, api.url)
  t.equal(api.audience, 'https://api.example.com')
  const alice = await api.user({ username: 'Alice', password: 'x', phone: '+1 202 555 0123', locale: 'pt-br' })
  t.match(alice, { username: 'Alice', password: 'x', phone: '+12025550123', locale: 'pt-BR' })
  const login = await open(api, alice)
  t.equal(login.status, 200)
  const { code, text, channel } = await api.waitForCode(alice.phone)
  t.equal(channel, 'sms')
  t.match(text, /Example/)
  t.match(text, code)
  const verified = await call(`${api.url}/verify`, { pending_token: login.body.pending_token, code })
  t.equal(verified.status, 200)
  t.match(claimsOf(verified.body.access_token), { sub: alice.id, iss: api.issuer, aud: api.audience })
  t.match(await api.messages(alice.phone), [{ to: alice.phone, channel, text, code, sentAt: /Z$/ }])
  t.same(await api.messages('+12025550199'), [])

  const users = await Promise.all(Array.from({ length: 8 }, () => api.user()))
  for (const member of ['id', 'username', 'password', 'phone'] as const) {
    t.equal(new Set(users.map((user) => user[member])).size, users.length, `every ${member} is unique`)
  }
  const tokens = await Promise.all([...users, users[0]!].map((user) => api.token(user)))
  t.strictSame(
    tokens.map((token) => claimsOf(token).sub),
    [...users, users[0]!].map(({ id }) => id),
    'parallel logins work, even twice for one user',
  )
  t.match(await api.login('Alice'), { token_type: 'Bearer', refresh_token: /^rt_/ })

  await t.rejects(api.user({ username: 'alice' }), {
    message: 'The user "alice" cannot be added: The user name is taken',
  })
  await t.rejects(api.user({ phone: '911' }), /cannot be added: phone /)
  await t.rejects(api.token('nobody'), /has no user "nobody"/)
  await t.rejects(api.token({ ...alice, password: 'y' }), /POST \/login returned 401 invalid_credentials/)
})

t.test('locks a user after ten wrong codes, until the lock expires', async (t) => {
  const api = await start(t)
  const alice = await api.user()
  for (let nth = 0; nth < 2; nth += 1) {
    const { body } = await open(api, alice)
    const { code } = await api.waitForCode(alice.phone)
    const wrong = String((Number(code) + 1) % 1e6).padStart(6, '0')
    for (let guess = 0; guess < 5; guess += 1)
      await call(`${api.url}/verify`, { pending_token: body.pending_token, code: wrong })
  }
  t.equal((await open(api, alice)).status, 401, 'the answer is that for a wrong password')
  await api.clock.advance({ minutes: 15 })
  t.ok(await api.token(alice))
})
