import { EventEmitter, once } from 'node:events'
import t, { type Test } from 'tap'
import { type ClientOptions, createClient, type Tokens } from '../../client/src/index.ts'
import { createWorld, PASSWORD, type WorldOptions, wrongCode } from '../support/app.ts'

/** A world that listens, with a way to make clients of it and to see what they sent. */
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
  /** Both steps; the client then holds the tokens. */
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
  /** Lets time pass for the client, the service and its database. */
  const passTime = async (seconds: number) => {
    shift += seconds * 1000
    await world.passTime(seconds)
  }
  return { world, url, asked, clientOf, logIn, passTime }
}

/** What several tabs of a browser see. */
const sharedStorage = () => {
  let stored: Tokens | undefined
  return {
    load: async () => stored && { ...stored },
    save: async (tokens: Tokens) => {
      stored = { ...tokens }
    },
  }
}

t.test('two calls sign a user in, and what belongs to the user can be asked for', async (t) => {
  const { asked, clientOf, logIn } = await open(t)
  const client = clientOf()
  t.equal(await client.accessToken(), undefined, 'nobody is signed in')
  t.strictSame(asked, [], 'and nobody was asked about it')
  const grant = await logIn(client)
  t.equal(await client.accessToken(), grant.access_token)
  t.match(await client.me(), { ok: true, data: { username: 'alice' } })
  t.match(await client.sessions(), { ok: true, data: { sessions: [{ current: true }] } })
  t.strictSame(await client.endOtherSessions(), { ok: true }, 'what has no body has no data')
})

t.test('a problem is an answer, told apart by its code', async (t) => {
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
  t.match(await client.me(), { ok: false, problem: { code: 'invalid_token' } }, 'nobody is signed in')
})

t.test('an access token is renewed before its end, by one call for all who need it', async (t) => {
  const { asked, clientOf, logIn, passTime } = await open(t)
  const client = clientOf()
  const { access_token } = await logIn(client)
  await passTime(560)
  t.equal(await client.accessToken(), access_token, 'not sooner than it must')
  await passTime(11)
  asked.length = 0
  const answers = await Promise.all([client.me(), client.sessions(), client.devices(), client.accessToken()])
  t.match(answers.slice(0, 3), [{ ok: true }, { ok: true }, { ok: true }])
  t.equal(asked.filter((call) => call === 'POST /refresh').length, 1)
  t.not(await client.accessToken(), access_token)
})

t.test('a token that the service refuses is renewed once, by one call for all who were refused', async (t) => {
  const { url, asked, clientOf, logIn } = await open(t)
  const renewed = new EventEmitter()
  const first = clientOf()
  await logIn(first)
  const spoilt = clientOf({
    storage: { load: async () => ({ ...(await first.tokens()), access_token: 'x.y.z' }), save: () => {} },
    fetch: async (input, init) => {
      asked.push(input.slice(url.length))
      const response = await fetch(input, init)
      // One refusal arrives when the others have a new token already.
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
  t.equal(asked.length, 7, 'each was asked twice')
})

t.test('tabs that share a storage share its tokens, and spend no refresh token twice', async (t) => {
  const { world, asked, clientOf, logIn, passTime } = await open(t)
  // Only where pages are do clients of one address belong to one user.
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

t.test('a session that is over is told once, and forgotten', async (t) => {
  const { asked, clientOf, logIn, passTime } = await open(t)
  const told: string[] = []
  const client = clientOf({ onSessionEnd: ({ code }) => told.push(code) })
  await logIn(client)
  await passTime(4_000)
  t.match(await client.me(), { ok: false, problem: { code: 'invalid_token' } })
  t.strictSame(told, ['invalid_token'])
  asked.length = 0
  t.equal(await client.accessToken(), undefined)
  t.strictSame(asked, [], 'nobody is asked in vain')
})

t.test(
  'logging out ends the session here and at the service, and a refresh on its way does not bring it back',
  async (t) => {
    const { world, clientOf, logIn } = await open(t)
    const client = clientOf()
    await logIn(client)
    const [renewal] = await Promise.all([client.refresh(), client.logout()])
    t.equal(await client.accessToken(), undefined, JSON.stringify(renewal.ok))
    t.equal((await world.sql('select * from sessions where revoked_at is null')).length, 0)
  },
)

t.test('whoever logs out while a login is under way stays logged out, also at the service', async (t) => {
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

t.test('a refresh whose answer is lost is made again while the service still takes the token', async (t) => {
  const { world, clientOf, logIn } = await open(t)
  let lost = 0
  const told: string[] = []
  const client = clientOf({
    timeout: 300,
    onSessionEnd: ({ code }) => told.push(code),
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
  t.strictSame(told, [])
  t.equal((await world.sql('select * from sessions where revoked_at is not null')).length, 0)
})

t.test('an address that only looks like a trusted one does not see the token', async (t) => {
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

t.test('a platform whose URL is half a one is enough', async (t) => {
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
  t.strictSame(asked, ['https://auth.example.com/me', 'https://API.example.com/orders'], 'as they were given')
})

t.test('a remembered device needs no code the next time, unless both factors are wanted', async (t) => {
  const { clientOf, logIn } = await open(t)
  const client = clientOf()
  await logIn(client, { remember_device: true })
  await client.logout()
  t.match(await client.login({ username: 'alice', password: PASSWORD }), { ok: true, data: { token_type: 'Bearer' } })
  t.match(await client.me(), { ok: true }, 'its tokens are kept')
  t.match(await client.login({ username: 'alice', password: PASSWORD, step_up: true }), {
    ok: true,
    data: { token_type: 'pending-2fa' },
  })
})

t.test('a new password brings new tokens, which are kept', async (t) => {
  const { clientOf, logIn } = await open(t)
  const client = clientOf()
  const { access_token } = await logIn(client)
  const change = { current_password: PASSWORD, new_password: 'an older tale of four other words' }
  t.match(await client.changePassword(change), { ok: true })
  t.not(await client.accessToken(), access_token)
  t.match(await client.me(), { ok: true })
})

t.test('other APIs are called with the token, if they are named', async (t) => {
  const { url, clientOf, logIn } = await open(t)
  const client = clientOf()
  await logIn(client)
  t.equal((await client.fetch('/me')).status, 200)
  t.equal((await client.fetch(new URL('/me', url), { headers: { accept: 'application/json' } })).status, 200)
  await t.rejects(client.fetch('https://api.example.com/'), {
    name: 'TypeError',
    message: 'https://api.example.com would see the access token: name it in `apis`',
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
  t.strictSame(seen, [`Bearer ${access_token}`, `Bearer ${await other.accessToken()}`], 'once more with a new token')
  t.not(seen[0], seen[1])
})

t.test('with tokens in cookies the body holds none, and a new page goes on where the former was', async (t) => {
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
  t.strictSame(asked, [], 'after a logout no cookie is tried')
})
