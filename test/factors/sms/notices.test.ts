import t from 'tap'
import { createNotices } from '../../../src/core/account/notice.ts'
import type { CodeFactor } from '../../../src/core/challenge/factor.ts'
import { CATALOGUE } from '../../../src/factors/sms/catalogue.ts'
import { NOTICES } from '../../../src/factors/sms/notices.ts'
import { segmentsOf } from '../../../src/factors/sms/segments.ts'
import { createNoticeStore } from '../../../src/store/outbox/notices.ts'
import { createWorld } from '../../support/app.ts'

t.test('each notice fits one segment with the longest name of a service, and has a voice', async (t) => {
  for (const [kind, texts] of Object.entries(NOTICES)) {
    t.strictSame(Object.keys(texts), ['en', 'de', 'es', 'fr', 'it', 'nl'], kind)
    for (const [locale, text] of Object.entries(texts)) {
      t.match(text, '{service}', locale)
      t.equal(segmentsOf(text.replaceAll('{service}', 'A service of twenty!')).segments, 1, locale)
      t.ok(CATALOGUE[locale], locale)
    }
  }
})

const stub: CodeFactor = {
  name: 'sms',
  amr: () => [],
  channels: ['sms'],
  readPhone: (written) => written,
  assertAllowed: () => {},
  fixedCode: () => undefined,
  plan: () => {
    throw new Error('no code is asked for here')
  },
  planNotice: () => undefined,
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

t.test('the old number is told in the language of its owner, and the ledger has it', async (t) => {
  const { world, answer } = await changeNumber(t, {})
  t.equal(answer.status, 200)
  const notice = world.messages.at(-1)!
  t.match(notice, { to: '+12025550143', channel: 'sms', code: '', text: /^Example enverra ses codes/ })
  t.notMatch(notice.text, /\d{6}/, 'there is no code in it')
  t.match(await world.sql(`select phone_hash, budget_day from sends where send_id = '${notice.sendId}'`), [
    { phone_hash: world.phoneHash('+12025550143'), budget_day: null },
  ])
})

t.test('a notice that nobody takes changes nothing about the change, and is tried again', async (t) => {
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
  const notices = createNotices({
    notices: createNoticeStore(world.database),
    factors: [{ ...stub, planNotice: (notice) => void asked.push(notice.phone) as undefined }],
    ledger: world.ledger,
    journal: () => {},
  })
  const asked: string[] = []
  notices.deliver()
  await notices.drain()
  t.strictSame(asked, [], 'not before its time')
  await world.sql(`update notices set next_attempt_at = now()`)
  const both = [notices, notices]
  for (const one of both) one.deliver()
  await notices.drain()
  t.strictSame(asked, ['+12025550143'], 'and then once, however many look')
  await world.sql(`update notices set next_attempt_at = now(), attempts = 8`)
  notices.deliver()
  await notices.drain()
  t.strictSame(await world.sql('select 1 from notices'), [], 'until it is given up')
})

t.test('an instance that ends between the change and the notice does not lose it', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const dying = await world.startInstance({
    app: { stores: { notices: { claim: async () => [], done: async () => {} } } },
  })
  const alice = dying.as((await world.logIn('alice')).access_token)
  const { pending_token } = (await alice.post('/phone', { phone: '+12025550199' })).body
  t.equal((await alice.post('/phone/verify', { pending_token, code: world.lastCode() })).status, 200)
  t.match(await world.sql('select phone from notices'), [{ phone: '+12025550143' }], 'it waits for whoever looks next')
  t.equal(world.messages.at(-1)!.to, '+12025550199')
})
