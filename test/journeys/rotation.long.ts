import { setTimeout as sleep } from 'node:timers/promises'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { runHere } from '../cli/tool.ts'
import { AUDIENCE, createWorld, ISSUER, PASSWORD } from '../support/app.ts'
import { makeRotationFiles, startOverSocket } from '../support/rotation.ts'

/** Seconds between the publication of a new key or secret and its first use. */
const DELAY = 5

/** Users who log in in parallel. */
const USERS = 2

/**
 * Starts two instances on the same files and database, users who log in through both, and an API that fetches the public
 * keys from the instance that learns late. `stop` resolves to all refusals.
 */
const startDrill = async (t: Test) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t, { resendCooldown: 0 })
  const early = await startOverSocket(world, files)
  const late = await startOverSocket(world, files)
  // The API caches the keys for half the delay, as JWKS_MAX_AGE is half of PUBLISH_DELAY.
  const keys = createRemoteJWKSet(new URL(`${late.address}/.well-known/jwks.json`), {
    cacheMaxAge: (DELAY * 1000) / 2,
    cooldownDuration: 60_000,
  })
  const refused: string[] = []
  const kids = { access: new Set<string>(), pending: new Set<string>() }
  let logins = 0
  let isOver = false

  const expect = (what: string, { status, body }: { status: number; body: { code?: string } }) => {
    if (status !== 200) refused.push(`${what}: ${status} ${body.code}`)
  }
  /** Repeats calls that a busy machine answers with 503. */
  const ask = async (
    instance: typeof early,
    ...request: Parameters<typeof early.call>
  ): ReturnType<typeof early.call> => {
    const answer = await instance.call(...request)
    return answer.status === 503 ? ask(instance, ...request) : answer
  }
  const codeFor = (phone: string) => world.messages.findLast(({ to }) => to === phone)!.code
  const logIn = async (username: string, from: typeof early) => {
    const login = await from.call('/login', { body: { username, password: PASSWORD } })
    expect('login', login)
    const token: string = login.body.pending_token
    kids.pending.add(String(decodeProtectedHeader(token).kid))
    return token
  }
  const finish = async (pending: string, phone: string, at: typeof early) => {
    const verified = await at.call('/verify', { body: { pending_token: pending, code: codeFor(phone) } })
    expect('verify', verified)
    return verified.body as { access_token: string; refresh_token: string }
  }
  const use = async (access: string) => {
    kids.access.add(String(decodeProtectedHeader(access).kid))
    for (const instance of [early, late]) expect('me', await ask(instance, '/me', { token: access }))
    await jwtVerify(access, keys, { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['EdDSA'] }).catch(
      (error: Error) => refused.push(`API: ${error.message}`),
    )
  }
  const live = async (username: string, phone: string) => {
    while (!isOver) {
      const [begins, ends] = Math.random() < 0.5 ? [early, late] : [late, early]
      const pending = await logIn(username, begins)
      expect('challenge', await ask(ends, '/challenge', { token: pending }))
      const { access_token: access, refresh_token: refresh } = await finish(pending, phone, ends)
      await use(access)
      // Repeats the refresh on the other instance, as after a lost response.
      for (const instance of [begins, ends]) {
        const refreshed = await ask(instance, '/refresh', { body: { refresh_token: refresh } })
        expect('refresh', refreshed)
        await use(refreshed.body.access_token)
      }
      logins += 1
    }
  }
  const people = Array.from({ length: USERS }, (_, nth) => ({ name: `user${nth}`, phone: `+1202555014${nth}` }))
  await world.addUser('patient', '+12025550149')
  for (const { name, phone } of people) await world.addUser(name, phone)
  const lives = people.map(({ name, phone }) => live(name, phone))
  return {
    files,
    early,
    late,
    kids,
    logIn,
    finish,
    use,
    refused,
    logins: () => logins,
    async stop() {
      isOver = true
      await Promise.all(lives)
      return refused
    },
  }
}

const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(20)
}

t.test('rotates signing keys under load on two instances without refusing a token', async (t) => {
  const drill = await startDrill(t)
  await until(() => drill.kids.access.size > 0)
  const rotated = await runHere(['keys', 'rotate', '--file', drill.files.keys, '--delay', String(DELAY)])
  t.equal(rotated.code, 0)
  await drill.early.learn()
  t.strictSame([drill.early.keys.current().length, drill.late.keys.current().length], [2, 1], 'one learns first')
  await sleep(500)
  t.strictSame([...drill.kids.access], [drill.files.firstKey], 'the new key does not sign yet')
  await drill.late.learn()
  await until(() => drill.kids.access.size > 1)
  const { kid, from } = drill.late.keys.current()[1]!
  t.ok(from <= Date.now() / 1000)
  const before = drill.logins()
  await until(() => drill.logins() > before + USERS)
  t.strictSame([...drill.kids.access], [drill.files.firstKey, kid])
  t.strictSame(await drill.stop(), [], `${drill.logins()} logins`)
  t.match(drill.early.logEvents, [{ event: 'keys_changed', kids: [drill.files.firstKey, kid] }])
})

t.test('rotates the secret under load on two instances without refusing a token or code', async (t) => {
  const drill = await startDrill(t)
  const open = await drill.logIn('patient', drill.early)
  await until(() => drill.logins() > 0)
  const rotated = await runHere(['secret', 'rotate', '--file', drill.files.secret, '--delay', String(DELAY)])
  t.equal(rotated.code, 0)
  await drill.early.learn()
  t.strictSame([drill.early.secrets.current().length, drill.late.secrets.current().length], [2, 1], 'one learns first')
  await sleep(500)
  t.equal(drill.kids.pending.size, 1, 'the new secret is not used yet')
  await drill.late.learn()
  await until(() => drill.kids.pending.size > 1)
  const before = drill.logins()
  await until(() => drill.logins() > before + USERS)
  const ids = drill.late.secrets.current().map(({ id }) => id)
  t.strictSame([...drill.kids.pending], ids)
  const { access_token: access } = await drill.finish(open, '+12025550149', drill.late)
  await drill.use(access)
  t.strictSame(await drill.stop(), [], `${drill.logins()} logins`)
})

t.test('the drill detects a key that signs before every instance knows it', async (t) => {
  const drill = await startDrill(t)
  await until(() => drill.logins() > 0)
  await runHere(['keys', 'rotate', '--file', drill.files.keys, '--delay', '0'])
  await drill.early.learn()
  await until(() => drill.refused.length > 2)
  const refused = await drill.stop()
  t.ok(refused.includes('me: 401 invalid_token'))
  t.ok(refused.some((fault) => fault.startsWith('API: ')))
})
