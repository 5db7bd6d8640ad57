import t from 'tap'
import { createNoticeHandler } from '../../../src/core/account/notice.ts'
import type { DeliveringFactor } from '../../../src/core/challenge/factor.ts'
import { LONGEST_TRY } from '../../../src/core/outbox.ts'
import { NOTICES } from '../../../src/factors/sms/notices.ts'
import { segmentsOf } from '../../../src/factors/sms/segments.ts'
import { TEXTS_BY_LOCALE } from '../../../src/factors/sms/texts.ts'
import { createOutboxWorker } from '../../../src/start/outbox-worker.ts'
import { createNoticeOutbox } from '../../../src/store/outbox/notices.ts'
import { createWorld, type World } from '../../support/app.ts'

t.test('each notice fits one segment with the longest service name, in every language', async (t) => {
  for (const [kind, texts] of Object.entries(NOTICES)) {
    t.strictSame(Object.keys(texts), ['en', 'de', 'es', 'fr', 'it', 'nl'], kind)
    for (const [locale, text] of Object.entries(texts)) {
      t.match(text, '{service}', locale)
      t.equal(segmentsOf(text.replaceAll('{service}', 'A service of twenty!')).segments, 1, locale)
      t.ok(TEXTS_BY_LOCALE[locale], locale)
    }
  }
})

const sms = (plan: (phone: string) => void): DeliveringFactor => ({
  name: 'sms',
  amr: () => [],
  begin: () => ({ hash: null }),
  answer: () => ({}),
  delivery: {
    channels: ['sms'],
    readDestination: (written) => written,
    assertAllowed: () => {},
    mask: () => '',
    planNotice: ({ destination }) => void plan(destination) as undefined,
  },
})

/** Returns a function that runs this many workers in parallel; their factor calls `plan` and sends nothing. */
const lookWith = (world: World, plan: (phone: string) => void) => {
  const handler = createNoticeHandler({
    outbox: createNoticeOutbox(world.database),
    factors: [sms(plan)],
    ledger: world.ledger,
    journal: () => {},
  })
  return async (count = 1) => {
    const log = { warn: (facts: object) => world.logged.push(JSON.stringify(facts)) } as never
    const workers = Array.from({ length: count }, () =>
      createOutboxWorker({ handlers: [handler], every: 3_600_000, log }),
    )
    for (const one of workers) one.start()
    await Promise.all(workers.map((one) => one.stop()))
  }
}

const changeNumber = async (t: Parameters<typeof createWorld>[0], options: Parameters<typeof createWorld>[1]) => {
  const world = await createWorld(t, { resendCooldown: 0, ...options })
  await world.addUser('alice', '+12025550143', 'fr')
  const alice = world.as((await world.logIn('alice')).access_token)
  const { pending_token } = (await alice.post('/phone', { phone: '+12025550199' })).body
  const answer = await alice.post('/phone/verify', { pending_token, code: world.lastCode() })
  await world.app.close()
  return { world, answer }
}

t.test('notifies the old number in the user’s language and records the send', async (t) => {
  const { world, answer } = await changeNumber(t, {})
  t.equal(answer.status, 200)
  const notice = world.messages.at(-1)!
  t.match(notice, { to: '+12025550143', channel: 'sms', code: '', text: /^Example enverra ses codes/ })
  t.notMatch(notice.text, /\d{6}/, 'the notice has no code')
  t.match(await world.sql(`select phone_hash, budget_day from sends where send_id = '${notice.sendId}'`), [
    { phone_hash: world.phoneHash('+12025550143'), budget_day: null },
  ])
})

t.test('a notice that no provider accepts does not undo the change and is retried', async (t) => {
  let isDown = true
  const { world, answer } = await changeNumber(t, {
    provider: {
      name: 'test',
      send: async ({ code }) =>
        code === '' && isDown ? { outcome: 'failed', reason: 'down' } : { outcome: 'accepted' },
    },
  })
  t.equal(answer.status, 200)
  t.match(world.logged.join('\n'), '"event":"notice_not_sent"')
  t.equal((await world.users.list())[0]!.phone, '+12025550199')
  t.match(await world.sql('select phone, attempts from notices'), [{ phone: '+12025550143', attempts: 1 }])

  isDown = false
  const asked: string[] = []
  const look = lookWith(world, (phone) => void asked.push(phone))
  await look()
  t.strictSame(asked, [], 'not before the retry time')
  await world.sql(`update notices set next_attempt_at = now()`)
  await look(2)
  t.strictSame(asked, ['+12025550143'], 'then once, with two workers')
  await world.sql(`update notices set next_attempt_at = now(), attempts = 8`)
  await look()
  t.strictSame(await world.sql('select 1 from notices'), [], 'deleted after the last attempt')
})

t.test('tries a notice eight times over some hours and deletes its number after the last failure', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  t.ok(await world.users.setPhone('alice', { factor: 'sms', phone: '+12025550199' }))
  const look = lookWith(world, () => undefined)
  const waits: number[] = []
  for (let tries = 1; tries < 8; tries += 1) {
    await look()
    const rows = await world.sql(
      'select attempts, extract(epoch from next_attempt_at - now())::float as due from notices',
    )
    t.match(rows, [{ attempts: tries }])
    waits.push(rows[0]!['due'] as number)
    await world.sql('update notices set next_attempt_at = now()')
  }
  for (const [nth, minutes] of [1, 2, 4, 8, 16, 32, 64].entries()) {
    const wait = waits[nth]! - LONGEST_TRY
    t.ok(wait > minutes * 60 - 2 && wait <= minutes * 66, `${minutes} min after try ${nth + 1}: ${wait} s`)
  }
  await look()
  t.strictSame(await world.sql('select 1 from notices'), [])
})

t.test('keeps the notice if the instance stops right after the change', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const dying = await world.startInstance({
    app: { delivery: { notices: { deliver: () => {} } } },
  })
  const alice = dying.as((await world.logIn('alice')).access_token)
  const { pending_token } = (await alice.post('/phone', { phone: '+12025550199' })).body
  t.equal((await alice.post('/phone/verify', { pending_token, code: world.lastCode() })).status, 200)
  t.match(await world.sql('select phone from notices'), [{ phone: '+12025550143' }], 'it waits for the next worker')
  t.equal(world.messages.at(-1)!.to, '+12025550199')
})
