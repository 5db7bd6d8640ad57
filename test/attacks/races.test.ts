import pg from 'pg'
import t from 'tap'
import { rounds } from '../run/rounds.ts'
import { type Answer, createWorld, wrongCode } from '../support/app.ts'

const ROUNDS = rounds({ quick: 2, all: 20 })

const count = (answers: Answer[], status: number, code?: string) =>
  answers.filter((answer) => answer.status === status && (code === undefined || answer.body.code === code)).length

const MOST_TRIES = 20

/** Sends parallel requests. A 503 of a busy machine has no effect, so the request is repeated, as clients do. */
const race = (askers: number, ask: (nth: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: askers }, async (_, nth) => {
      let answer = await ask(nth)
      for (let tries = 1; answer.status === 503 && tries < MOST_TRIES; tries += 1) answer = await ask(nth)
      return answer
    }),
  )

t.test('issues one token for 50 parallel correct codes on two instances', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const other = await world.startInstance()
  await world.addUser('alice')
  for (let round = 1; round <= ROUNDS; round += 1) {
    const { pending_token: token } = (await world.login('alice')).body
    const code = world.lastCode()
    const answers = await race(50, (nth) => (nth % 2 ? world : other).verify(token, code))
    t.equal(count(answers, 200), 1, `round ${round}: one token`)
    t.equal(count(answers, 401, 'challenge_invalid'), 49, `round ${round}: 49 are refused`)
  }
  const [{ spent } = {}] = await world.sql(
    'select count(*)::int as spent from challenges where consumed_at is not null',
  )
  t.equal(spent, ROUNDS)
})

t.test('counts five of 50 parallel wrong codes, then refuses the correct code', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const other = await world.startInstance()
  for (let round = 1; round <= ROUNDS; round += 1) {
    const userId = await world.addUser(`alice${round}`)
    const { pending_token: token } = (await world.login(`alice${round}`)).body
    const code = world.lastCode()
    const answers = await race(50, (nth) => (nth % 2 ? world : other).verify(token, wrongCode(code, nth + 1)))
    t.equal(count(answers, 401, 'invalid_code'), 5, `round ${round}: five guesses were counted`)
    t.equal(count(answers, 401, 'challenge_invalid'), 45)
    t.equal((await world.verify(token, code)).body.code, 'challenge_invalid', 'the correct code is refused')
    const [challenge] = await world.sql('select attempts, consumed_at from challenges where user_id = $1', [userId])
    t.strictSame(challenge, { attempts: 5, consumed_at: null })
    const [factor] = await world.sql('select failures from factors where user_id = $1', [userId])
    t.equal(factor?.failures, 5, 'the account counts each')
  }
})

t.test('sends one message for 40 parallel resends', async (t) => {
  const world = await createWorld(t)
  const other = await world.startInstance()
  for (let round = 1; round <= ROUNDS; round += 1) {
    await world.addUser(`alice${round}`)
    const { pending_token: token } = (await world.login(`alice${round}`)).body
    await world.passTime(30)
    const before = world.messages.length
    const answers = await race(40, (nth) => (nth % 2 ? world : other).resend(token))
    t.equal(count(answers, 200), 1, `round ${round}: one succeeds`)
    t.equal(count(answers, 429, 'resend_cooldown'), 39)
    t.equal(world.messages.length - before, 1, 'one message')
  }
})

t.test('sends one message for 20 parallel logins with the correct password', async (t) => {
  const world = await createWorld(t)
  const other = await world.startInstance()
  await world.addUser('alice')
  const answers = await race(20, (nth) => (nth % 2 ? world : other).login('alice'))
  t.equal(count(answers, 200), 1)
  t.equal(count(answers, 429, 'resend_cooldown'), 19)
  t.equal(world.messages.length, 1)
})

t.test('ten users log in in parallel', async (t) => {
  const world = await createWorld(t)
  const names = Array.from({ length: 10 }, (_, nth) => `user${nth}`)
  for (const [nth, name] of names.entries()) await world.addUser(name, `+1202555014${nth}`)
  const logins = await Promise.all(names.map((name) => world.login(name)))
  const answers = await Promise.all(
    logins.map(({ body }, nth) => {
      const message = world.messages.find(({ to }) => to === `+1202555014${nth}`)!
      return world.verify(body.pending_token, message.code)
    }),
  )
  t.equal(count(answers, 200), 10)
})

t.test('parallel guesses at one account stop at the tenth failure', async (t) => {
  const world = await createWorld(t)
  const other = await world.startInstance()
  const userId = await world.addUser('alice')
  await world.sql('update factors set failures = 8 where user_id = $1', [userId])
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const answers = await race(30, (nth) => (nth % 2 ? world : other).verify(token, wrongCode(code, nth + 1)))
  t.equal(count(answers, 401, 'invalid_code'), 2, 'the ninth and the tenth')
  t.equal(count(answers, 429, 'factor_locked'), 28)
  const [factor] = await world.sql('select failures from factors where user_id = $1', [userId])
  t.equal(factor?.failures, 10)
})

t.test('a guess that waits for a lock sees a disabled account or a newer login', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const blocker = new pg.Client({ connectionString: world.url })
  await blocker.connect()
  t.teardown(() => blocker.end())

  /** Sends the correct guess while the factor's row is locked, and runs `meanwhile` before the lock is released. */
  const guessAcross = async (meanwhile: () => Promise<unknown>) => {
    const { pending_token: token } = (await world.login('alice')).body
    const code = world.lastCode()
    await blocker.query('begin')
    await blocker.query('select * from factors for update')
    const guess = world.verify(token, code)
    const waiting = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
    while ((await world.sql(waiting))[0]?.n === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await meanwhile()
    await blocker.query('commit')
    return guess
  }
  const disabled = await guessAcross(() => world.users.setDisabled('alice', true))
  t.equal(disabled.body.code, 'challenge_invalid')
  await world.users.setDisabled('alice', false)
  const superseded = await guessAcross(() => world.login('alice'))
  t.equal(superseded.body.code, 'challenge_invalid')
})
