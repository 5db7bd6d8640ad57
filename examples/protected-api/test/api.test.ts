import { deepEqual, equal } from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Doorcode, startDoorcode } from 'doorcode/testing'
import { buildApi } from '../src/api.ts'

const AUDIENCE = 'https://api.example.com'

let doorcode: Doorcode
let api: ReturnType<typeof buildApi>

before(async () => {
  doorcode = await startDoorcode({ settings: { AUDIENCE } })
  api = buildApi({ issuer: doorcode.issuer, audience: AUDIENCE, now: doorcode.clock.now })
})
after(async () => {
  await api?.close()
  await doorcode?.stop()
})

const ask = async (path: string, token?: string) => {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await api.inject({ url: path, headers })
  return { status: response.statusCode, challenge: response.headers['www-authenticate'], body: response.json() }
}

const INVALID = 'Bearer error="invalid_token"'

test('a valid token is accepted', async () => {
  const alice = await doorcode.user()
  const { status, body } = await ask('/orders', await doorcode.token(alice))
  equal(status, 200)
  deepEqual(body, { user: alice.id })
})

test('a request without a token is refused', async () => {
  const { status, challenge } = await ask('/orders')
  equal(status, 401)
  equal(challenge, 'Bearer')
})

test('a pending token is refused', async () => {
  const { username, password } = await doorcode.user()
  const login = await fetch(`${doorcode.url}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  })
  const { pending_token } = (await login.json()) as { pending_token: string }
  const { status, challenge } = await ask('/orders', pending_token)
  equal(status, 401)
  equal(challenge, INVALID)
})

test('an expired token is refused', async () => {
  const token = await doorcode.token(await doorcode.user())
  await doorcode.clock.advance({ minutes: 10 })
  equal((await ask('/orders', token)).status, 200, 'within the tolerance')
  await doorcode.clock.advance({ seconds: 31 })
  const { status, challenge } = await ask('/orders', token)
  equal(status, 401)
  equal(challenge, INVALID)
})

test('payments need a login of the last five minutes', async () => {
  const token = await doorcode.token(await doorcode.user())
  equal((await ask('/payments', token)).status, 200)
  await doorcode.clock.advance({ minutes: 6 })
  equal((await ask('/orders', token)).status, 200)
  const { status, challenge } = await ask('/payments', token)
  equal(status, 401)
  equal(challenge, 'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age=300')
})

test('a token for another API is refused', async (t) => {
  const other = buildApi({ issuer: doorcode.issuer, audience: 'https://other.example.com', now: doorcode.clock.now })
  t.after(() => other.close())
  const authorization = `Bearer ${await doorcode.token(await doorcode.user())}`
  equal((await other.inject({ url: '/orders', headers: { authorization } })).headers['www-authenticate'], INVALID)
})
