import t from 'tap'
import { createHousekeeping } from '../../src/store/housekeeping/index.ts'
import type { Retention } from '../../src/store/housekeeping/retention-rules.ts'
import { rounds } from '../run/rounds.ts'
import { createWorld } from '../support/app.ts'

const RETENTION: Retention = { challengeDays: 1, sessionDays: 7, ledgerDays: 90, auditDays: 90 }

/** Returns SQL that gives every user this many expired challenges. */
const oldChallenges = (each: number) => `
  insert into challenges (challenge_id, user_id, purpose, factor, channel, auth_epoch, code_hash, max_attempts, expires_at)
  select gen_random_uuid(), user_id, 'login', 'sms', 'sms', 0, sha256('x'), 5, now() - interval '2 days'
  from users, generate_series(1, ${each})`

t.test('accepts a code within 500 ms while old challenges are pruned', async (t) => {
  const world = await createWorld(t)
  const { prune } = createHousekeeping(world.database)
  await world.addUser('asleep', '+12025550199')
  let slowest = 0
  for (let round = 0; round < rounds({ quick: 1, all: 15 }); round += 1) {
    const name = `user ${round}`
    await world.addUser(name, `+120255501${String(round).padStart(2, '0')}`)
    await world.sql(oldChallenges(1_000))
    const { body } = await world.login(name)
    const code = world.lastCode()
    await world.sql(
      `update users u set login_challenge_id = (
        select challenge_id from challenges c where c.user_id = u.user_id limit 1) where username = 'asleep'`,
    )
    const pruning = prune(RETENTION)
    const start = performance.now()
    const verified = await world.verify(body.pending_token, code)
    slowest = Math.max(slowest, performance.now() - start)
    t.equal(verified.status, 200, name)
    const { ended, removed } = await pruning
    t.equal(ended, 'done')
    t.ok(removed.challenges >= 1_000, 'pruning ran in parallel')
  }
  t.ok(slowest < 500, `the slowest took ${Math.round(slowest)} ms`)
  t.strictSame(await world.sql(`select login_challenge_id from users where username = 'asleep'`), [
    { login_challenge_id: null },
  ])
})

t.test('parallel logins, failed sends and guesses leave no pointer to a pruned challenge', async (t) => {
  let sends = 0
  const provider = {
    name: 'test',
    send: async () => {
      sends += 1
      // Every other send fails, so that its login returns to the former challenge.
      return sends % 2
        ? ({ outcome: 'failed', reason: 'no' } as const)
        : ({ outcome: 'accepted', messageId: `m${sends}` } as const)
    },
  }
  const world = await createWorld(t, { provider, breaker: { failures: 1_000, openFor: 1 } })
  const { prune } = createHousekeeping(world.database)
  const names = Array.from({ length: 12 }, (_, nth) => `user ${nth}`)
  for (const [nth, name] of names.entries()) await world.addUser(name, `+120255501${String(nth).padStart(2, '0')}`)
  for (let round = 0; round < rounds({ quick: 1, all: 6 }); round += 1) {
    // Each user's last login was long ago.
    await world.sql(oldChallenges(3))
    await world.sql(`update users u set login_challenge_id = (
      select challenge_id from challenges c where c.user_id = u.user_id order by expires_at limit 1), next_send_at = null`)
    const [answers] = await Promise.all([
      Promise.all(names.map((name) => world.login(name))),
      prune(RETENTION),
      prune(RETENTION),
    ])
    const begun = answers.filter(({ status }) => status === 200)
    for (const { status, body } of answers) {
      if (status !== 200) t.match(body, { code: /sms_unavailable|destination_not_allowed/ })
    }
    t.ok(begun.length > 0 && begun.length < names.length)
    const guesses = begun.map(({ body }) => world.verify(body.pending_token, '000000'))
    for (const { status } of (await Promise.all([prune(RETENTION), ...guesses])).slice(1) as { status: number }[]) {
      t.match(String(status), /^(?:200|401)$/)
    }
    t.strictSame(
      await world.sql(`select username from users u where login_challenge_id is not null
        and not exists (select from challenges c where c.challenge_id = u.login_challenge_id)`),
      [],
    )
  }
})

t.test('a user whose last challenge was pruned logs in with the first cooldown', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  await world.login('alice')
  await world.sql(`update users set send_step = 7`)
  await world.passTime(86_400 + 700)
  t.match(await createHousekeeping(world.database).prune(RETENTION), { removed: { challenges: 1 } })
  t.strictSame(await world.sql('select login_challenge_id from users'), [{ login_challenge_id: null }])
  const again = await world.login('alice')
  t.match(again, { status: 200, body: { delivery: { resend_in: 30 } } })
  t.equal((await world.verify(again.body.pending_token, world.lastCode())).status, 200)
})
