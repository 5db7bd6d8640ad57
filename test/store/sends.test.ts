import { randomBytes, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { DELIVERY_STATUSES } from '../../src/core/delivery/ports.ts'
import { limitsFor } from '../../src/core/limits.ts'
import { createChallengeStore } from '../../src/store/challenges/index.ts'
import { createSendLedger } from '../../src/store/sends/index.ts'
import { attempt, madeCode, NO_RULES, sendEntry } from '../contracts/challenge-store.ts'
import { createWorld } from '../support/app.ts'

const PHONE = '+12025550143'

/** Creates an account with an open challenge, and the ledger. */
const setUp = async (t: Test) => {
  const world = await createWorld(t, { invariants: false })
  const userId = await world.addUser('alice', PHONE)
  const challenges = createChallengeStore(world.database, limitsFor(), NO_RULES)
  const ref = { challengeId: randomUUID(), userId, purpose: 'login' as const }
  const send = sendEntry({ price: 0.0083 })
  await challenges.begin({
    ...ref,
    ...madeCode(randomBytes(32), send),
    factor: 'sms',
    destination: PHONE,
    authEpoch: 0,
    attempt,
  })
  const rowOf = async (sendId: string) => (await world.sql('select * from sends where send_id = $1', [sendId]))[0]
  const resendIn = async () => (await challenges.find(ref))?.delivery?.resendIn
  return { world, challenges, ledger: createSendLedger(world.database), ref, send, rowOf, resendIn }
}

t.test('records a queued send together with its challenge', async (t) => {
  const { send, ref, rowOf, challenges } = await setUp(t)
  t.match(await rowOf(send.sendId), {
    challenge_id: ref.challengeId,
    user_id: ref.userId,
    provider: 'test',
    channel: 'sms',
    country: 'US',
    prefix: '+1202555',
    segments: 1,
    price: '0.008300',
    status: 'queued',
    message_id: null,
  })
  t.match(await challenges.find(ref), { delivery: { status: 'queued' }, failed: [] })
})

t.test('records nothing for a login during the cooldown', async (t) => {
  const { challenges, ref, world } = await setUp(t)
  const second = { ...ref, challengeId: randomUUID() }
  const send = sendEntry()
  const made = madeCode(randomBytes(32), send)
  const common = { factor: 'sms', destination: PHONE, authEpoch: 0 }
  t.match(await challenges.begin({ ...second, ...common, ...made }), { outcome: 'cooldown' })
  t.match(await challenges.replaceCode({ ...ref, ...made }), { outcome: 'cooldown' })
  t.equal((await world.sql('select from sends')).length, 1)
})

t.test('records the outcomes of parallel sends', async (t) => {
  const { ledger, send, rowOf, challenges, ref } = await setUp(t)
  const unknownToUs = Array.from({ length: 20 }, () => ({ sendId: randomUUID(), status: 'sent' as const, took: 1 }))
  await Promise.all(
    [...unknownToUs, { sendId: send.sendId, status: 'sent' as const, messageId: 'SM1', took: 212 }].map(ledger.settle),
  )
  t.match(await rowOf(send.sendId), { status: 'sent', message_id: 'SM1', took_ms: 212, settled_at: Date })
  t.match(await challenges.find(ref), { delivery: { status: 'sent' } })
})

t.test('drain waits for pending writes', async (t) => {
  const { ledger, send, rowOf } = await setUp(t)
  void ledger.settle({ sendId: send.sendId, status: 'unknown', reason: 'HTTP 502', took: 3 })
  await ledger.drain()
  t.match(await rowOf(send.sendId), { status: 'unknown', reason: 'HTTP 502' })
})

t.test('a failover replaces the failed send atomically', async (t) => {
  const { ledger, send, rowOf, challenges, ref, world } = await setUp(t)
  const next = sendEntry({ provider: 'other' })
  await ledger.handOver(ref, { sendId: send.sendId, status: 'failed', reason: 'HTTP 503', took: 40 }, next)
  t.match(await rowOf(send.sendId), { status: 'failed', reason: 'HTTP 503', took_ms: 40 })
  t.match(await rowOf(next.sendId), { status: 'queued', provider: 'other', challenge_id: ref.challengeId })
  t.match(await challenges.find(ref), {
    delivery: { status: 'queued' },
    failed: [{ provider: 'test', channel: 'sms' }],
  })

  const stale = sendEntry({ provider: 'third' })
  await t.rejects(ledger.handOver(ref, { sendId: send.sendId, status: 'failed', took: 40 }, stale))
  t.equal((await world.sql('select from sends')).length, 2, 'a stale send is not handed over')
})

t.test('a failover does not overwrite the status of a receipt', async (t) => {
  const { ledger, send, rowOf, ref } = await setUp(t)
  await ledger.receive('test', { sendId: send.sendId, status: 'delivered' })
  await ledger.handOver(ref, { sendId: send.sendId, status: 'failed', reason: 'HTTP 503', took: 4 }, sendEntry())
  t.match(await rowOf(send.sendId), { status: 'delivered' })
})

t.test('a failed resend does not change the cooldown of a newer one', async (t) => {
  const { challenges, ref, world, resendIn } = await setUp(t)
  const replace = (codeHash: Buffer) => challenges.replaceCode({ ...ref, ...madeCode(codeHash) })
  await world.passTime(30)
  const overtaken = await replace(randomBytes(32))
  await world.passTime(60)
  const newer = await replace(randomBytes(32))
  const wait = await resendIn()
  t.ok(wait! > 60)
  if (overtaken.outcome !== 'issued' || newer.outcome !== 'issued') throw new Error('both were replaced')
  await challenges.withdrawReplace(ref, overtaken.undo)
  t.equal(await resendIn(), wait)
  await challenges.withdrawReplace(ref, newer.undo)
  t.equal(await resendIn(), 0)
})

t.test('finds a receipt by send id or message id, only for its own provider', async (t) => {
  const { ledger, send, rowOf } = await setUp(t)
  await ledger.settle({ sendId: send.sendId, status: 'sent', messageId: 'SM1', took: 1 })
  t.notOk(await ledger.receive('other', { sendId: send.sendId, status: 'delivered' }))
  t.notOk(await ledger.receive('other', { messageId: 'SM1', status: 'delivered' }))
  t.notOk(await ledger.receive('test', { sendId: randomUUID(), status: 'delivered' }))
  t.notOk(await ledger.receive('test', { messageId: 'SM2', status: 'delivered' }))
  t.notOk(await ledger.receive('test', { sendId: "' or true --", messageId: 'SM2', status: 'delivered' }))
  t.notOk(await ledger.receive('test', { status: 'delivered' }))
  t.match(await rowOf(send.sendId), { status: 'sent' })
  t.ok(await ledger.receive('test', { messageId: 'SM1', status: 'delivered' }))
  t.match(await rowOf(send.sendId), { status: 'delivered', receipt_at: Date })
})

t.test('the status moves only forward for every pair of reports', async (t) => {
  const { ledger, send, rowOf, world } = await setUp(t)
  const { sendId } = send
  const ends = ['delivered', 'undelivered', 'failed']
  for (const first of DELIVERY_STATUSES) {
    for (const second of ['sent', ...ends] as ('sent' | 'delivered' | 'undelivered' | 'failed')[]) {
      await world.sql('update sends set status = $1', [first])
      const forward = !ends.includes(first) && second !== first
      t.equal(await ledger.receive('test', { sendId, status: second }), forward, `${first}, then ${second}`)
      t.equal((await rowOf(sendId))?.['status'], forward ? second : first)
    }
  }
})

t.test('a receipt that arrives before the provider’s response keeps its status', async (t) => {
  const { ledger, send, rowOf } = await setUp(t)
  await ledger.receive('test', { sendId: send.sendId, messageId: 'SM1', status: 'delivered' })
  await ledger.settle({ sendId: send.sendId, status: 'sent', messageId: 'SM1', took: 90 })
  t.match(await rowOf(send.sendId), { status: 'delivered', message_id: 'SM1', took_ms: 90 })
})

t.test('ignores a receipt for a send older than three days', async (t) => {
  const { ledger, send, world } = await setUp(t)
  await world.sql(`update sends set created_at = now() - interval '73 hours'`)
  t.notOk(await ledger.receive('test', { sendId: send.sendId, status: 'delivered' }))
})

t.test('ends the cooldown if the current code was not delivered', async (t) => {
  for (const [status, wait] of [
    ['delivered', 30],
    ['sent', 30],
    ['undelivered', 0],
    ['failed', 0],
  ] as const) {
    const { ledger, send, resendIn } = await setUp(t)
    await ledger.receive('test', { sendId: send.sendId, status })
    t.equal(await resendIn(), wait, status)
  }
})

t.test('a replayed receipt does not end the cooldown again', async (t) => {
  const { ledger, send, resendIn, challenges, ref } = await setUp(t)
  const receipt = { sendId: send.sendId, status: 'undelivered' } as const
  t.ok(await ledger.receive('test', receipt))
  await challenges.replaceCode({ ...ref, ...madeCode(randomBytes(32), sendEntry()) })
  const wait = await resendIn()
  t.ok(wait! > 0)
  t.notOk(await ledger.receive('test', receipt))
  t.equal(await resendIn(), wait)
})

t.test('a receipt for a replaced code does not end the cooldown of the new one', async (t) => {
  const { ledger, send, resendIn, challenges, ref, world, rowOf } = await setUp(t)
  await world.passTime(30)
  await challenges.replaceCode({ ...ref, ...madeCode(randomBytes(32), sendEntry()) })
  const wait = await resendIn()
  t.ok(await ledger.receive('test', { sendId: send.sendId, status: 'undelivered' }))
  t.match(await rowOf(send.sendId), { status: 'undelivered' })
  t.equal(await resendIn(), wait)
})

t.test('ends the cooldown at most three times in a row for an unreachable phone', async (t) => {
  const { ledger, send, resendIn, challenges, ref } = await setUp(t)
  let { sendId } = send
  for (const freed of [true, true, true, false]) {
    await ledger.receive('test', { sendId, status: 'undelivered' })
    t.equal((await resendIn()) === 0, freed)
    if (!freed) break
    const next = sendEntry()
    t.match(await challenges.replaceCode({ ...ref, ...madeCode(randomBytes(32), next) }), {
      outcome: 'issued',
    })
    sendId = next.sendId
  }
})

t.test('truncates and cleans texts of providers, so that one invalid text harms no other rows', async (t) => {
  const { ledger, send, rowOf, ref, world } = await setUp(t)
  const messageId = `a\0b\ud800${'x'.repeat(500)}`
  await Promise.all([
    ledger.settle({ sendId: send.sendId, status: 'sent', messageId, reason: '\0\n\udfff', took: 1 }),
    ledger.settle({ sendId: randomUUID(), status: 'sent', messageId, took: 1 }),
  ])
  t.match(await rowOf(send.sendId), { message_id: `ab${'x'.repeat(196)}`, reason: '' })
  t.ok(await ledger.receive('test', { messageId, status: 'delivered', reason: 'r\0' }))
  const next = sendEntry()
  await world.sql(`update sends set status = 'queued', reason = null`)
  await ledger.handOver(ref, { sendId: send.sendId, status: 'failed', reason: '\0\ud800!', took: 1 }, next)
  t.match(await rowOf(send.sendId), { reason: '!' })
})

t.test('parallel receipts and resends of one account neither deadlock nor send twice', async (t) => {
  const { ledger, send, challenges, ref, world } = await setUp(t)
  for (let round = 0; round < 20; round += 1) {
    await world.sql(`update sends set status = 'sent' where send_id = $1`, [send.sendId])
    await world.sql(`update users set next_send_at = now() + interval '30 s', send_step = 1`)
    await world.sql('update challenges set send_id = $1', [send.sendId])
    await world.sql('delete from sends where send_id <> $1', [send.sendId])
    const results = await Promise.all([
      ...Array.from({ length: 5 }, () => ledger.receive('test', { sendId: send.sendId, status: 'undelivered' })),
      ...Array.from({ length: 5 }, async () => {
        return (await challenges.replaceCode({ ...ref, ...madeCode(randomBytes(32)) })).outcome === 'issued'
      }),
    ])
    t.equal(results.slice(0, 5).filter(Boolean).length, 1, 'one receipt changes the status')
    t.ok(results.slice(5).filter(Boolean).length <= 1, 'one resend at most')
  }
})
