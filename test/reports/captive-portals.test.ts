import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type Client, createClient } from '../../client/src/index.ts'

const CODE = { pending_token: 'a.b.c', code: '123456' }
const LOGIN = { username: 'alice', password: 'correct horse battery staple' }

/** Every call of the client that sends a request. */
const CALLS: Record<string, (client: Client) => Promise<{ ok: boolean; problem?: unknown }>> = {
  login: (client) => client.login(LOGIN),
  verify: (client) => client.verify(CODE),
  resend: (client) => client.resend({ pending_token: 'a.b.c' }),
  challenge: (client) => client.challenge('a.b.c'),
  register: (client) => client.register({ ...LOGIN, phone: '+12025550143' }),
  refresh: (client) => client.refresh(),
  logout: (client) => client.logout(),
  me: (client) => client.me(),
  sessions: (client) => client.sessions(),
  endSession: (client) => client.endSession('0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'),
  endOtherSessions: (client) => client.endOtherSessions(),
  devices: (client) => client.devices(),
  forgetDevice: (client) => client.forgetDevice('0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'),
  forgetDevices: (client) => client.forgetDevices(),
  changePassword: (client) => client.changePassword({ current_password: 'old', new_password: 'new' }),
  resetPassword: (client) => client.resetPassword({ username: 'alice' }),
  changePhone: (client) => client.changePhone({ phone: '+12025550199' }),
  verifyPhone: (client) => client.verifyPhone(CODE),
}

const json = (text: string, status = 200) =>
  new Response(text, { status, headers: { 'content-type': 'application/json' } })

/** Creates a client with tokens on a network where another server answers. */
const clientBehind = (answer: () => Response | Promise<Response>) => {
  const saved: unknown[] = []
  const client = createClient({
    url: 'https://auth.example.com',
    retries: 0,
    fetch: async () => answer(),
    storage: {
      load: () => ({ access_token: 'a.b.c', refresh_token: 'rt_first', expires_at: Infinity, renew_at: Infinity }),
      save: (tokens) => void saved.push(tokens),
    },
  })
  return { client, saved }
}

t.test('tests every call of the client', async (t) => {
  const { client } = clientBehind(() => json('{}'))
  const withoutProblem = ['accessToken', 'tokens', 'fetch']
  t.strictSame(
    Object.keys(client)
      .filter((name) => !withoutProblem.includes(name))
      .sort(),
    Object.keys(CALLS).sort(),
  )
})

const PORTALS: Record<string, () => Response> = {
  'an empty object': () => json('{}'),
  'a null': () => json('null'),
  'a list': () => json('[]'),
  'a text': () => json('"ok"'),
  'an object of the portal': () => json('{"success":true,"redirect":"https://portal.example/"}'),
  'a truncated object': () => json('{"access_token":"a.b.c","token_ty'),
  'a page': () => new Response('<!doctype html><title>Welcome</title>', { headers: { 'content-type': 'text/html' } }),
  'an error with a code of the portal': () => json('{"code":"PORTAL_LOGIN_REQUIRED"}', 403),
  'the status for portals': () => new Response('<p>Log in to this network.</p>', { status: 511 }),
}

for (const [what, answer] of Object.entries(PORTALS)) {
  t.test(`reports ${what} instead of an answer as unreachable, for every call`, async (t) => {
    for (const [name, call] of Object.entries(CALLS)) {
      const { client, saved } = clientBehind(answer)
      const { status } = answer()
      t.match(await call(client), { ok: false, problem: { code: 'unreachable', status } }, name)
      if (name !== 'logout') t.strictSame(saved, [], `${name} changes no tokens`)
    }
  })
}

t.test('accepts a 204 only for calls that the service answers with 204', async (t) => {
  const bare = ['logout', 'endSession', 'endOtherSessions', 'forgetDevice', 'forgetDevices']
  for (const [name, call] of Object.entries(CALLS)) {
    const { client } = clientBehind(() => new Response(null, { status: 204 }))
    const answer = await call(client)
    if (bare.includes(name)) t.strictSame(answer, { ok: true }, name)
    else t.match(answer, { ok: false, problem: { code: 'unreachable', status: 204 } }, name)
  }
})

t.test('reports a connection that breaks within the body as unreachable', async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 })
    response.write('{"access_token":"a.b.c"', () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const client = createClient({ url: `http://127.0.0.1:${port}`, retries: 0 })
  t.match(await client.verify(CODE), { ok: false, problem: { code: 'unreachable', status: 200, cause: Error } })
})

t.test('rejects a call that is aborted within the body with the reason of its signal', async (t) => {
  const abort = new AbortController()
  const { client } = clientBehind(
    () =>
      // A body whose stream fails as fetch does after an abort.
      new Response(
        new ReadableStream({
          pull: (stream) => {
            abort.abort(new Error('left the page'))
            stream.error(abort.signal.reason)
          },
        }),
      ),
  )
  await t.rejects(client.verify(CODE, { signal: abort.signal }), { message: 'left the page' })
})
