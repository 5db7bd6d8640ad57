import { EventEmitter, once } from 'node:events'
import t, { type Test } from 'tap'
import { type ClientOptions, createClient, type Tokens } from '../../client/src/index.ts'
import { createWorld, PASSWORD, type WorldOptions, wrongCode } from '../support/app.ts'

/** Starts a world that listens, and creates clients whose requests it records. */
const open = async (t: Test, options: WorldOptions = {}) => {
  const world = await createWorld(t, { resendCooldown: 0, ...options })
  const url = await world.app.listen({ host: '127.0.0.1', port: 0 })
  await world.addUser('alice')
  const asked: string[] = []
  const clientOf = (wish: Partial<ClientOptions> = {}) =>
    createClient({
      url,
      fetch: (input, init) => {
        asked.push(`${init?.method ?? 'GET'} ${new URL(input).pathname}`)
        return fetch(input, init)
      },
      ...wish,
    })
  /** Completes both steps, so that the client holds tokens. */
  const logIn = async (client: ReturnType<typeof clientOf>, wish: object = {}) => {
    const login = await client.login({ username: 'alice', password: PASSWORD })
    if (!login.ok || login.data.token_type !== 'pending-2fa') throw new Error(`no code: ${JSON.stringify(login)}`)
    const verify = await client.verify({ pending_token: login.data.pending_token, code: world.lastCode(), ...wish })
    if (!verify.ok) throw new Error(`no login: ${verify.problem.code}`)
    return verify.data
  }
  let shift = 0
  const { now } = Date
  t.intercept(Date, 'now', { value: () => now() + shift })
  /** Advances the clock of the client, the service and its database. */
  const passTime = async (seconds: number) => {
    shift += seconds * 1000
    await world.passTime(seconds)
  }
  return { world, url, asked, clientOf, logIn, passTime }
}

/** Creates a storage that several tabs of a browser share. */
const sharedStorage = () => {
  let stored: Tokens | undefined
  return {
    load: async () => stored && { ...stored },
    save: async (tokens: Tokens) => {
      stored = { ...tokens }
    },
  }
}

t.test('logs a user in with two calls, and then reads the data of the user', async (t) => {
  const { asked, clientOf, logIn } = await open(t)
  const client = clientOf()
  t.equal(await client.accessToken(), undefined, 'no user is logged in')
  t.strictSame(asked, [], 'no request was sent')
  const grant = await logIn(client)
  t.equal(await client.accessToken(), grant.access_token)
  t.match(await client.me(), { ok: true, data: { username: 'alice' } })
  t.match(await client.sessions(), { ok: true, data: { sessions: [{ current: true }] } })
  t.strictSame(await client.endOtherSessions(), { ok: true }, 'an answer without a body has no data')
})

t.test('returns a problem as an answer with its code', async (t) => {
  const { world, clientOf } = await open(t)
  const client = clientOf()
  t.match(await client.login({ username: 'alice', password: 'wrong' }), {
    ok: false,
    problem: { code: 'invalid_credentials', status: 401 },
  })
  const login = await client.login({ username: 'alice', password: PASSWORD })
  if (!login.ok || login.data.token_type !== 'pending-2fa') throw new Error('no code')
  const { pending_token } = login.data
  const wrong = await client.verify({ pending_token, code: wrongCode(world.lastCode()) })
  t.match(wrong, { ok: false, problem: { code: 'invalid_code', attempts_left: 4 } })
  t.match(await client.challenge(pending_token), { ok: true, data: { attempts_left: 4 } })
  t.match(await client.resend({ pending_token }), { ok: true, data: { delivery: { status: 'sent' } } })
  t.match(await client.me(), { ok: false, problem: { code: 'invalid_token' } }, 'no user is logged in')
})

t.test('renews an access token before its expiry with one call for all callers', async (t) => {
  const { asked, clientOf, logIn, passTime } = await open(t)
  const client = clientOf()
  const { access_token } = await logIn(client)
  await passTime(560)
  t.equal(await client.accessToken(), access_token, 'not earlier than necessary')
  await passTime(11)
  asked.length = 0
  const answers = await Promise.all([client.me(), client.sessions(), client.devices(), client.accessToken()])
  t.match(answers.slice(0, 3), [{ ok: true }, { ok: true }, { ok: true }])
  t.equal(asked.filter((call) => call === 'POST /refresh').length, 1)
  t.not(await client.accessToken(), access_token)
})

t.test('renews a refused token with one call for all refused requests', async (t) => {
  const { url, asked, clientOf, logIn } = await open(t)
  const renewed = new EventEmitter()
  const first = clientOf()
  await logIn(first)
  const spoilt = clientOf({
    storage: { load: async () => ({ ...(await first.tokens()), access_token: 'x.y.z' }), save: () => {} },
    fetch: async (input, init) => {
      asked.push(input.slice(url.length))
      const response = await fetch(input, init)
      // One refusal arrives after the others have a new token.
      if (input.endsWith('/devices') && response.status === 401) await once(renewed, 'refresh')
      if (input.endsWith('/refresh')) setTimeout(() => renewed.emit('refresh'), 100)
      return response
    },
  })
  asked.length = 0
  t.match(await Promise.all([spoilt.me(), spoilt.sessions(), spoilt.devices()]), [
    { ok: true },
    { ok: true },
    { ok: true },
  ])
  t.equal(asked.filter((path) => path === '/refresh').length, 1)
  t.equal(asked.length, 7, 'each request was sent twice')
})

t.test('shares tokens between tabs with one storage, and spends no refresh token twice', async (t) => {
  const { world, asked, clientOf, logIn, passTime } = await open(t)
  // Clients of one address belong to one user only in a browser.
  t.intercept(globalThis as { document?: unknown }, 'document', { value: {} })
  const storage = sharedStorage()
  const [one, two] = [clientOf({ storage }), clientOf({ storage })]
  await logIn(one)
  t.match(await two.me(), { ok: true, data: { username: 'alice' } })
  await passTime(580)
  asked.length = 0
  t.match(await Promise.all([one.me(), two.me()]), [{ ok: true }, { ok: true }])
  t.equal(asked.filter((call) => call === 'POST /refresh').length, 1)
  t.equal((await world.sql('select * from sessions where revoked_at is not null')).length, 0)
})

t.test('reports an ended session once and deletes its tokens', async (t) => {
  const { asked, clientOf, logIn, passTime } = await open(t)
  const ended: string[] = []
  const client = clientOf({ onSessionEnd: ({ code }) => ended.push(code) })
  await logIn(client)
  await passTime(4_000)
  t.match(await client.me(), { ok: false, problem: { code: 'invalid_token' } })
  t.strictSame(ended, ['invalid_token'])
  asked.length = 0
  t.equal(await client.accessToken(), undefined)
  t.strictSame(asked, [], 'no request was sent')
})

t.test('ends the session at the client and the service on logout, even during a refresh', async (t) => {
  const { world, clientOf, logIn } = await open(t)
  const client = clientOf()
  await logIn(client)
  const [renewal] = await Promise.all([client.refresh(), client.logout()])
  t.equal(await client.accessToken(), undefined, JSON.stringify(renewal.ok))
  t.equal((await world.sql('select * from sessions where revoked_at is null')).length, 0)
})

t.test('stays logged out after a logout during a login, also at the service', async (t) => {
  const { world, clientOf } = await open(t)
  const client = clientOf()
  const login = await client.login({ username: 'alice', password: PASSWORD })
  if (!login.ok || login.data.token_type !== 'pending-2fa') throw new Error('no code')
  const verifying = client.verify({ pending_token: login.data.pending_token, code: world.lastCode() })
  await client.logout()
  t.match(await verifying, { ok: true })
  t.equal(await client.accessToken(), undefined)
  t.equal((await world.sql('select * from sessions where revoked_at is null')).length, 0)
})

t.test('retries a refresh with a lost answer within the rotation grace', async (t) => {
  const { world, clientOf, logIn } = await open(t)
  let lost = 0
  const ended: string[] = []
  const client = clientOf({
    timeout: 300,
    onSessionEnd: ({ code }) => ended.push(code),
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (!input.endsWith('/refresh') || lost > 0) return response
      lost += 1
      return new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('too late')))
      })
    },
  })
  await logIn(client)
  t.match(await client.refresh(), { ok: true })
  t.strictSame(ended, [])
  t.equal((await world.sql('select * from sessions where revoked_at is not null')).length, 0)
})

t.test('sends no token to a URL that only resembles a trusted one', async (t) => {
  const { clientOf, logIn, url } = await open(t)
  const client = clientOf({ apis: ['https://api.example.com'] })
  await logIn(client)
  for (const address of [
    'https://api.example.com@evil.example/',
    'https://api.example.com.evil.example/',
    'https://api.example.com\\@evil.example/',
    'http://api.example.com/',
    'evil://api.example.com/',
    'ht\ttps://evil.example/',
    'orders',
    `${url}@evil.example/`,
  ])
    await t.rejects(client.fetch(address), { name: 'TypeError' }, address)
  t.throws(() => createClient({ url: 'capacitor://localhost' }), { name: 'TypeError' })
})

t.test('works on a platform with an incomplete URL class', async (t) => {
  class HalfUrl {
    get origin(): string {
      throw new Error('URL.origin is not implemented')
    }
  }
  t.intercept(globalThis, 'URL', { value: HalfUrl })
  const asked: string[] = []
  const client = createClient({
    url: 'https://auth.example.com/',
    apis: ['https://api.example.com/'],
    fetch: async (input) => {
      asked.push(input)
      return Response.json({})
    },
  })
  await client.fetch('/me')
  await client.fetch('https://API.example.com/orders')
  t.strictSame(asked, ['https://auth.example.com/me', 'https://API.example.com/orders'], 'the URLs are unchanged')
})

t.test('logs in on a remembered device without a code, except for a step-up', async (t) => {
  const { clientOf, logIn } = await open(t)
  const client = clientOf()
  await logIn(client, { remember_device: true })
  await client.logout()
  t.match(await client.login({ username: 'alice', password: PASSWORD }), { ok: true, data: { token_type: 'Bearer' } })
  t.match(await client.me(), { ok: true }, 'the client keeps the tokens')
  t.match(await client.login({ username: 'alice', password: PASSWORD, step_up: true }), {
    ok: true,
    data: { token_type: 'pending-2fa' },
  })
})

t.test('keeps the new tokens of a changed password', async (t) => {
  const { clientOf, logIn } = await open(t)
  const client = clientOf()
  const { access_token } = await logIn(client)
  const change = { current_password: PASSWORD, new_password: 'an older tale of four other words' }
  t.match(await client.changePassword(change), { ok: true })
  t.not(await client.accessToken(), access_token)
  t.match(await client.me(), { ok: true })
})

t.test('sends the token to other APIs only if they are listed', async (t) => {
  const { url, clientOf, logIn } = await open(t)
  const client = clientOf()
  await logIn(client)
  t.equal((await client.fetch('/me')).status, 200)
  t.equal((await client.fetch(new URL('/me', url), { headers: { accept: 'application/json' } })).status, 200)
  await t.rejects(client.fetch('https://api.example.com/'), {
    name: 'TypeError',
    message: 'https://api.example.com must not receive the access token. To allow it, add it to `apis`',
  })
  const seen: (string | null)[] = []
  const apis = ['https://api.example.com']
  const other = clientOf({
    apis,
    fetch: async (input, init) => {
      if (!input.startsWith(apis[0]!)) return fetch(input, init)
      seen.push(new Headers(init?.headers).get('authorization'))
      return new Response(null, { status: 401 })
    },
  })
  const { access_token } = await logIn(other)
  t.equal((await other.fetch('https://api.example.com/orders', { method: 'POST', body: '{}' })).status, 401)
  t.strictSame(
    seen,
    [`Bearer ${access_token}`, `Bearer ${await other.accessToken()}`],
    'the second try has a new token',
  )
  t.not(seen[0], seen[1])
})

t.test('receives no refresh token in cookie mode, and continues the session after a reload', async (t) => {
  const { asked, clientOf, logIn } = await open(t, { app: { http: { refreshCookie: true } } })
  let jar = ''
  const browser = async (input: string, init?: RequestInit) => {
    t.equal(init?.credentials, 'include')
    asked.push(new URL(input).pathname)
    const headers = new Headers(init?.headers)
    if (jar) headers.set('cookie', jar)
    const response = await fetch(input, { ...init, headers })
    for (const set of response.headers.getSetCookie()) jar = set.split(';')[0]!
    return response
  }
  const first = clientOf({ cookies: true, fetch: browser })
  const grant = await logIn(first)
  t.notOk(grant.refresh_token)
  const reloaded = clientOf({ cookies: true, fetch: browser })
  t.match(await reloaded.me(), { ok: true, data: { username: 'alice' } })
  t.match(await reloaded.logout(), { ok: true })
  asked.length = 0
  t.equal(await reloaded.accessToken(), undefined)
  t.strictSame(asked, [], 'no request after a logout')
})
