import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createFictionPhones } from '../../testing/fiction-phones.ts'
import { createInbox } from '../../testing/inbox.ts'

const ALICE = '+12025550100'
const BOB = '+12025550101'

const sms = (to: string, code: string) => ({
  to,
  channel: 'sms' as const,
  body: code === '' ? 'Your number was changed.' : `${code} is your code.\n@example.com #${code}`,
  code,
  sentAt: '2026-01-01T00:00:00.000Z',
})

t.test('returns a waiting code at once, and only once', async (t) => {
  const inbox = createInbox()
  inbox.take(sms(ALICE, '111111'))
  t.match(await inbox.waitForCode(ALICE, 1_000), { code: '111111', channel: 'sms', text: /is your code/ })
  await t.rejects(inbox.waitForCode(ALICE, 1), /No new code/)
})

t.test('waits for a code, for several numbers at the same time', async (t) => {
  const inbox = createInbox()
  const alice = inbox.waitForCode('+1 (202) 555-0100', 60_000)
  const bob = inbox.waitForCode(BOB, 60_000)
  await sleep(5)
  inbox.take(sms(BOB, '222222'))
  inbox.take(sms(ALICE, ''))
  inbox.take(sms(ALICE, '111111'))
  t.equal((await bob).code, '222222')
  t.equal((await alice).code, '111111', 'a notice without a code is skipped')
})

t.test('returns the newest of several codes, and never an older one', async (t) => {
  const inbox = createInbox()
  for (const code of ['111111', '222222']) inbox.take(sms(ALICE, code))
  t.equal((await inbox.waitForCode(ALICE, 1)).code, '222222')
  await t.rejects(inbox.waitForCode(ALICE, 1))
  inbox.take(sms(ALICE, '333333'))
  t.equal((await inbox.waitForCode(ALICE, 1)).code, '333333')
})

t.test('lists after a timeout which messages arrived', async (t) => {
  const inbox = createInbox()
  await t.rejects(inbox.waitForCode(ALICE, 1), {
    message: `No new code arrived for ${ALICE} within 1 ms.\nNo message was sent to it.\nNo message was sent to other numbers.`,
  })
  inbox.take(sms(ALICE, '111111'))
  inbox.take(sms(BOB, '222222'))
  await inbox.waitForCode(ALICE, 1)
  await t.rejects(inbox.waitForCode(ALICE, 1), {
    message: [
      `No new code arrived for ${ALICE} within 1 ms.`,
      'Messages to it so far, with codes that were already read:',
      '  2026-01-01T00:00:00.000Z sms: 111111 is your code. @example.com #111111',
      'Messages to other numbers:',
      `  ${BOB}: 1`,
    ].join('\n'),
  })
  await t.rejects(inbox.waitForCode('alice', 1), /"alice" is not a phone number/)
})

t.test('assigns a thousand users different numbers, all reserved for fiction', async (t) => {
  const taken = new Set([ALICE])
  const next = createFictionPhones((phone) => taken.has(phone))
  for (let nth = 0; nth < 1_000; nth += 1) {
    const phone = next()
    if (taken.has(phone)) t.fail(`${phone} was assigned twice`)
    if (!/^\+1\d{3}55501\d\d$/.test(phone)) t.fail(`${phone} may belong to a person`)
    taken.add(phone)
  }
  t.equal(taken.size, 1_001)
  t.notOk(taken.has('+12025550150'), 'no scenario number is assigned')
  t.throws(() => {
    for (;;) next()
  }, /All \d+ numbers for fiction are in use: pass a phone for each further user/)
})
