import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type ClientOptions, createClient } from '../../client/src/index.ts'

type Reply = (response: ServerResponse, request: IncomingMessage) => void

const LOGIN = { username: 'alice', password: 'correct horse battery staple' }
const VERIFY = { pending_token: 'a.b.c', code: '123456' }

const says =
  (status: number, body: object | string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
  }
const problem = (status: number, code: string, wait?: number) => says(status, { code, status, retry_after: wait })
const hangsUp: Reply = (response) => void response.destroy()
const challenge = says(200, { pending_token: 'a.b.c', token_type: 'pending-2fa' })

/** Starts a service that gives these replies in turn, and records the idempotency keys. */
const serviceOf = async (t: Test, replies: Reply[], options: Partial<ClientOptions> = {}) => {
  const keys: (string | undefined)[] = []
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key'] as string | undefined)
    const reply = replies.shift()
    if (reply) reply(response, request)
    else response.writeHead(500).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/`
  return { keys, server, client: createClient({ url, ...options }) }
}

t.test('retries a login with a lost answer with the same Idempotency-Key', async (t) => {
  const { keys, client } = await serviceOf(t, [hangsUp, problem(409, 'idempotency_in_progress', 0.01), challenge])
  t.match(await client.login(LOGIN), { ok: true, data: { token_type: 'pending-2fa' } })
  t.match(keys[0], /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  t.strictSame(keys, [keys[0], keys[0], keys[0]])
})

t.test('keeps the key of a login of unknown outcome for the next try of the same body only', async (t) => {
  const { keys, client } = await serviceOf(t, [hangsUp, hangsUp, hangsUp, challenge], { retries: 0 })
  t.match(await client.login(LOGIN), { ok: false, problem: { code: 'unreachable', status: 0 } })
  await client.login(LOGIN)
  t.equal(keys[1], keys[0], 'the same login again')
  await client.login({ ...LOGIN, username: 'bob' })
  t.not(keys[2], keys[0], 'another body has another key')
  await client.login({ ...LOGIN, username: 'bob' })
  t.equal(keys[3], keys[2])
  await client.login({ ...LOGIN, username: 'bob' })
  t.not(keys[4], keys[3], 'an answer ends the use of the key')
})

t.test('keeps the key of an aborted login', async (t) => {
  const { keys, client } = await serviceOf(t, [() => {}, challenge])
  await t.rejects(client.login(LOGIN, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
  t.match(await client.login(LOGIN), { ok: true })
  t.equal(keys[1], keys[0])
})

t.test('sends the Idempotency-Key of the caller', async (t) => {
  const { keys, client } = await serviceOf(t, [challenge])
  await client.login(LOGIN, { idempotencyKey: 'a-key-of-the-callers-own' })
  t.strictSame(keys, ['a-key-of-the-callers-own'])
})

t.test('sends no key and never retries a login without random numbers', async (t) => {
  const { keys, client } = await serviceOf(t, [hangsUp, challenge], { randomUUID: undefined as never })
  // An undefined option stands for the platform's function; one that returns nothing, for a platform without it.
  const { keys: bare, client: poor } = await serviceOf(t, [hangsUp, challenge], {
    randomUUID: (() => undefined) as never,
  })
  t.match(await client.login(LOGIN), { ok: true })
  t.ok(keys[0])
  t.match(await poor.login(LOGIN), { ok: false, problem: { code: 'unreachable' } })
  t.strictSame(bare, [undefined])
})

t.test('does not retry a code with a lost answer, because it may be spent', async (t) => {
  for (const lost of [hangsUp, problem(503, 'service_unavailable', 0.01), says(502, '<h1>Bad gateway</h1>')]) {
    const { keys, client } = await serviceOf(t, [lost, problem(401, 'challenge_invalid')])
    t.match(await client.verify(VERIFY), { ok: false, problem: { code: /unreachable|service_unavailable/ } })
    t.equal(keys.length, 1)
  }
})

t.test('retries a code that was refused before its check, after the requested wait', async (t) => {
  const { keys, client } = await serviceOf(t, [
    problem(503, 'overloaded', 0.01),
    problem(429, 'rate_limited', 0.01),
    problem(401, 'invalid_code'),
  ])
  t.match(await client.verify(VERIFY), { ok: false, problem: { code: 'invalid_code' } })
  t.equal(keys.length, 3)
})

t.test('waits for Retry-After, and returns a problem if the wait is too long', async (t) => {
  const { keys, client } = await serviceOf(t, [problem(429, 'rate_limited', 6), challenge])
  t.match(await client.login(LOGIN), { ok: false, problem: { code: 'rate_limited', retry_after: 6 } })
  t.equal(keys.length, 1)
  const times: number[] = []
  const header = says(503, 'Unavailable', { 'retry-after': '1' })
  const second: Reply = (response, request) => {
    times.push(performance.now())
    challenge(response, request)
  }
  const first: Reply = (response, request) => {
    times.push(performance.now())
    header(response, request)
  }
  const { client: other } = await serviceOf(t, [first, second])
  t.match(await other.login(LOGIN), { ok: true })
  t.ok(times[1]! - times[0]! >= 995, 'the header counts for answers of intermediaries')
})

t.test('returns problems that only the user can solve without a retry', async (t) => {
  for (const code of ['resend_cooldown', 'factor_locked', 'sms_unavailable', 'invalid_credentials']) {
    const { keys, client } = await serviceOf(t, [problem(429, code, 0.01), challenge])
    t.match(await client.login(LOGIN), { ok: false, problem: { code } })
    t.equal(keys.length, 1, code)
  }
})

t.test('reports a foreign answer as unreachable with its status', async (t) => {
  for (const reply of [says(200, '<html>'), says(404, 'null'), says(502, '{"error":"bad gateway"}')]) {
    const { client } = await serviceOf(t, [reply], { retries: 0 })
    const answer = await client.login(LOGIN)
    t.match(answer, {
      ok: false,
      problem: { code: 'unreachable', title: 'The service did not respond', status: Number },
    })
    t.ok(!answer.ok && answer.problem.status >= 200)
  }
})

t.test('does not follow a redirect with a password', async (t) => {
  const { keys, client } = await serviceOf(t, [says(307, '', { location: '/elsewhere' }), challenge], { retries: 0 })
  t.match(await client.login(LOGIN), { ok: false, problem: { code: 'unreachable', status: 307 } })
  t.equal(keys.length, 1)
})

t.test('ends a call to a hanging service after the timeout', async (t) => {
  const { client } = await serviceOf(t, [() => {}], { timeout: 50, retries: 0 })
  t.match(await client.challenge('a.b.c'), { ok: false, problem: { code: 'unreachable', status: 0, cause: Error } })
})

t.test('aborts a call, and the wait before a retry, at its signal', async (t) => {
  const { client } = await serviceOf(t, [() => {}])
  await t.rejects(client.login(LOGIN, { signal: AbortSignal.abort(new Error('gone')) }), { message: 'gone' })
  await t.rejects(client.login(LOGIN, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' })
  const { keys, client: other } = await serviceOf(t, [problem(503, 'overloaded', 5)])
  await t.rejects(other.login(LOGIN, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
  t.equal(keys.length, 1)
})

t.test('sends the language option as Accept-Language', async (t) => {
  const languages: unknown[] = []
  const reply: Reply = (response, request) => {
    languages.push(request.headers['accept-language'])
    challenge(response, request)
  }
  const { client } = await serviceOf(t, [reply], { language: 'fr-CH' })
  await client.login(LOGIN)
  t.strictSame(languages, ['fr-CH'])
})
