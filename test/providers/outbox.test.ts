import t from 'tap'
import { createOutbox, outboxProvider } from '../../src/providers/development/outbox.ts'
import { createProvider } from '../../testing/index.ts'
import { MESSAGE, testLocalProvider } from '../contracts/provider.ts'

testLocalProvider(t, outboxProvider)

const message = (to: string, body: string) => ({
  to,
  channel: 'sms' as const,
  body,
  code: '',
})

t.test('prints nothing', async (t) => {
  const printed: string[] = []
  const provider = await createProvider(outboxProvider, {}, { print: (line) => printed.push(line) })
  await provider.send(MESSAGE, new AbortController().signal)
  t.same(printed, [])
})

t.test('returns only the messages to the given number, newest first', async (t) => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const kept: string[] = []
  const outbox = createOutbox(
    () => now,
    ({ body }) => kept.push(body),
  )
  outbox.keep(message('+18009998877', 'first'))
  outbox.keep(message('+442079460958', 'for another'))
  now += 60_000
  outbox.keep(message('+18009998877', 'second'))
  t.same(
    outbox.find('+18009998877').map(({ body, sentAt }) => [body, sentAt]),
    [
      ['second', '2026-01-01T00:01:00.000Z'],
      ['first', '2026-01-01T00:00:00.000Z'],
    ],
  )
  t.same(kept, ['first', 'for another', 'second'], 'reports each kept message')
  t.same(outbox.find('+18765550123'), [])
})

t.test('keeps the latest 1,000 messages and drops the oldest', async (t) => {
  const outbox = createOutbox(Date.now)
  for (let n = 1; n <= 1_500; n += 1) outbox.keep(message('+18009998877', `${n}`))
  const found = outbox.find('+18009998877')
  t.equal(found.length, 1_000)
  t.same([found[0]?.body, found.at(-1)?.body], ['1500', '501'])
})
