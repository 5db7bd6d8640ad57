import t from 'tap'
import { type Answer, createWorld } from '../support/app.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** Creates a world with a second instance whose database connection can be cut. */
const createWired = async (t: Parameters<typeof createWorld>[0]) => {
  // Entries lost during an outage are reported, so invariants are off.
  const world = await createWorld(t, { resendCooldown: 0, invariants: false })
  const url = new URL(world.url)
  const wire = await startTcpProxy(t, Number(url.port))
  url.hostname = '127.0.0.1'
  url.port = String(wire.port)
  const wired = await world.startInstance({ databaseUrl: url.href })
  await world.addUser('alice')
  return { world, wire, wired }
}

const timed = async (answer: Promise<Answer>) => {
  const start = performance.now()
  return { ...(await answer), ms: performance.now() - start }
}

t.test('returns 503 at once without a database and recovers without a restart', async (t) => {
  const { world, wire, wired } = await createWired(t)
  const { pending_token: token } = (await wired.login('alice')).body
  const code = world.lastCode()
  wire.mode = 'refuse'
  wire.cut()
  const answers = await Promise.all([
    wired.login('alice'),
    wired.verify(token, code),
    wired.resend(token),
    wired.get('/challenge', token),
  ])
  for (const answer of answers) {
    t.match(answer, { status: 503, body: { code: 'service_unavailable' } })
    t.ok(answer.body.retry_after >= 5)
  }
  t.match(await wired.get('/health/ready'), { status: 503, body: { missing: ['database'] } })
  t.equal((await wired.get('/health/live')).status, 200)
  t.strictSame(await world.sql('select attempts, consumed_at from challenges'), [{ attempts: 0, consumed_at: null }])

  wire.mode = 'pass'
  t.equal((await wired.verify(token, code)).status, 200, 'the code is still valid')
})

t.test('responds within five seconds when the database hangs', async (t) => {
  const { world, wire, wired } = await createWired(t)
  const { pending_token: token } = (await wired.login('alice')).body
  wire.mode = 'hang'
  const [login, verify] = await Promise.all([timed(wired.login('alice')), timed(wired.verify(token, world.lastCode()))])
  for (const { status, body, ms } of [login, verify]) {
    t.match({ status, body }, { status: 503, body: { code: 'service_unavailable' } })
    t.ok(ms < 5_000, `${Math.round(ms)} ms`)
  }
  wire.mode = 'pass'
  t.equal((await wired.login('alice')).status, 200)
})

t.test('replaces idle connections that the database closes, without an error for reads', async (t) => {
  const { world, wired } = await createWired(t)
  const { pending_token: token } = (await wired.login('alice')).body
  await world.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )
  t.equal((await wired.get('/challenge', token)).status, 200)
  t.equal((await wired.verify(token, world.lastCode())).status, 200)
})

t.test('issues no token if the outcome is unknown, and uses up the code', async (t) => {
  const { world, wire, wired } = await createWired(t)
  const { pending_token: token } = (await wired.login('alice')).body
  await wired.ledger.drain()
  // The statement commits, but its response is lost.
  wire.mode = 'deaf'
  const verified = wired.verify(token, world.lastCode())
  const isSpent = async () => (await world.sql('select consumed_at is not null as spent from challenges'))[0]?.spent
  while (!(await isSpent())) await new Promise((resolve) => setTimeout(resolve, 5))
  wire.cut()
  t.match(await verified, { status: 503, body: { code: 'service_unavailable' } })
  t.equal((await world.verify(token, world.lastCode())).body.code, 'challenge_invalid', 'the code is used up')
})

t.test('returns 503 for every database error and counts no attempt', async (t) => {
  const { world, wired } = await createWired(t)
  const { pending_token: token } = (await wired.login('alice')).body
  await world.sql(`
    create function fail() returns trigger language plpgsql as $$
    begin raise exception 'as asked' using errcode = current_setting('doorcode.fail'); end $$`)
  await world.sql('create trigger fail before update on factors for each row execute function fail()')
  const name = new URL(world.url).pathname.slice(1)
  for (const sqlstate of ['53100', '25006', '40001', '40P01', '57014', '53300']) {
    await world.sql(`alter database ${name} set doorcode.fail = '${sqlstate}'`)
    // The setting holds for new connections.
    const fresh = await world.startInstance()
    const answer = await fresh.verify(token, '000000')
    t.match(answer, { status: 503, body: { code: 'service_unavailable' } }, sqlstate)
    t.notMatch(JSON.stringify(answer.body), 'as asked')
  }
  await world.sql('drop trigger fail on factors')
  t.strictSame(
    await world.sql('select attempts from challenges'),
    [{ attempts: 0 }],
    'the failed transactions were rolled back',
  )
  t.equal((await world.verify(token, world.lastCode())).status, 200)
})

t.test('returns 503 when a row stays locked', async (t) => {
  const { world, wired } = await createWired(t)
  const { pending_token: token } = (await wired.login('alice')).body
  const { default: pg } = await import('pg')
  const blocker = new pg.Client({ connectionString: world.url })
  await blocker.connect()
  await blocker.query('begin')
  await blocker.query('select * from factors for update')
  t.match(await wired.verify(token, world.lastCode()), { status: 503, body: { code: 'service_unavailable' } })
  await blocker.query('rollback')
  await blocker.end()
  t.equal((await wired.verify(token, world.lastCode())).status, 200)
})

t.test('a client that lost a refresh response keeps its session by a retry after Retry-After', async (t) => {
  const { world, wire, wired } = await createWired(t)
  const held = await world.logIn('alice')
  t.equal((await wired.get('/health/ready')).status, 200, 'the connection is open')
  wire.mode = 'deaf'
  const lost = await timed(wired.refresh(held.refresh_token))
  wire.mode = 'pass'
  t.match(lost, { status: 503, body: { code: 'service_unavailable' } })
  t.ok(lost.body.retry_after <= 2, 'a short Retry-After')
  t.equal(
    (await world.sql('select 1 from refresh_tokens where used_at is not null')).length,
    1,
    'the token was rotated',
  )
  await world.passTime(lost.body.retry_after + Math.ceil(lost.ms / 1000))
  t.match(await world.refresh(held.refresh_token), { status: 200, body: { token_type: 'Bearer' } })
  t.equal((await world.sql(`select 1 from events where type like '%reused'`)).length, 0, 'no reuse is reported')
})
