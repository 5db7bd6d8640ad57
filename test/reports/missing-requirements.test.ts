import t from 'tap'
import { createClient } from '../../client/src/index.ts'
import { createWorld, ISSUER, PASSWORD } from '../support/app.ts'

const ORIGIN = 'https://app.example.com'
const NEW = 'an older tale of four other words'

const world = await createWorld(t, { resendCooldown: 0, app: { http: { corsOrigins: [ORIGIN] } } })
await world.addUser('alice')

/** Creates a client on a page of another origin, which sees only the headers that CORS exposes. */
const pageClient = (token: string) => {
  const seen: Record<string, string>[] = []
  const client = createClient({
    url: ISSUER,
    storage: { load: () => ({ access_token: token, expires_at: Infinity, renew_at: Infinity }), save: () => {} },
    fetch: async (input, init) => {
      const { status, headers, body } = await world.send({
        method: init.method as 'POST',
        url: new URL(input).pathname,
        headers: { ...(init.headers as object), origin: ORIGIN },
        payload: init.body as string,
      })
      const exposed = headers['access-control-expose-headers']!.toLowerCase().split(', ')
      seen.push(Object.fromEntries(Object.entries(headers).filter(([name]) => exposed.includes(name))))
      return Response.json(body, { status })
    },
  })
  return { client, seen }
}

t.test('names a missing second factor in a member that pages of other origins can read', async (t) => {
  const { device_token } = await world.logIn('alice', { remember_device: true })
  const { body } = await world.post('/login', { username: 'alice', password: PASSWORD, device_token })
  const { client, seen } = pageClient(body.access_token)
  const answers = [
    await client.changePassword({ current_password: PASSWORD, new_password: NEW }),
    await client.changePhone({ phone: '+12025550199' }),
    await client.verifyPhone({ pending_token: 'a.b.c', code: '123456' }),
  ]
  for (const answer of answers) {
    if (answer.ok || answer.problem.code !== 'forbidden') throw new Error(JSON.stringify(answer))
    const { required } = answer.problem
    t.equal(required, 'aal2')
    // @ts-expect-error: the compiler knows the possible requirements
    if (required === 'aal3') t.fail('impossible')
  }
  t.equal(seen.length, answers.length)
  for (const headers of seen) t.match(headers['www-authenticate'], /insufficient_user_authentication/)
})

t.test('names a missing invite in a member, before and after the code', async (t) => {
  const invited = await world.startInstance({ app: { credentials: { registration: 'invite' } } })
  const registration = { username: 'bob', password: NEW, phone: '+12025550144' }
  t.match(await invited.post('/register', registration), {
    status: 403,
    body: { code: 'forbidden', required: 'invite' },
  })
  const { hashToken } = await import('../../src/core/session/rotating-token.ts')
  const invite = `inv_${'A'.repeat(43)}`
  await world.sql(`insert into invites (invite_hash, expires_at) values ($1, now() + interval '1 day')`, [
    hashToken(invite),
  ])
  const { body } = await invited.post('/register', { ...registration, invite })
  const code = world.lastCode()
  await world.sql(`update invites set expires_at = now()`)
  t.match(await invited.verify(body.pending_token, code), {
    status: 403,
    body: { code: 'forbidden', required: 'invite' },
  })
})

t.test('has no member "required" in a refusal for another reason', async (t) => {
  const closed = await world.startInstance({ app: { credentials: { registration: 'closed' } } })
  const { status, body } = await closed.post('/register', {
    username: 'carol',
    password: NEW,
    phone: '+12025550145',
  })
  t.match({ status, body }, { status: 403, body: { code: 'forbidden' } })
  t.notOk('required' in body)
})
