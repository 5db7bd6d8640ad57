import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Claimed, Delivery, OutboxHandler } from '../src/core/outbox.ts'
import type { RequestContext } from '../src/core/terms.ts'
import { createOutboxWorker } from '../src/start/outbox-worker.ts'

/** Creates a handler with an outbox in memory, and records what happens to its items. */
const handlerOf = (name: string, items: string[], deliver: (id: string) => Promise<Delivery>, isLast = false) => {
  const seen: string[] = []
  const contexts: unknown[] = []
  const handler: OutboxHandler<unknown> = {
    name,
    outbox: {
      claim: async (limit) => items.splice(0, limit).map((id): Claimed => ({ id, attempts: 1, isLast })),
      done: async (id) => void seen.push(`done ${id}`),
      giveUp: async (id) => void seen.push(`given up ${id}`),
    },
    deliver: async ({ id }, context) => {
      contexts.push(context)
      return deliver(id)
    },
    report: ({ id }, ending, { reason }) => void seen.push(`${ending} ${id}${reason ? `: ${reason}` : ''}`),
  }
  return { handler, seen, contexts }
}

const accept = async (): Promise<Delivery> => ({ outcome: 'accepted' })
const request = { requestId: 'r' } as RequestContext
const log = { warn: () => {} } as never

t.test('marks an item before it reports the outcome', async (t) => {
  const results: Record<string, Delivery> = {
    a: { outcome: 'accepted' },
    b: { outcome: 'refused', reason: 'gone' },
    c: { outcome: 'failed', reason: 'down' },
  }
  const first = handlerOf('first', ['a', 'b', 'c'], async (id) => results[id]!)
  const last = handlerOf('last', ['d'], () => Promise.reject(new Error('a fault')), true)
  const worker = createOutboxWorker({ handlers: [first.handler, last.handler], every: 3_600_000, log })
  worker.start()
  await worker.stop()
  t.strictSame(first.seen.sort(), ['abandoned b: gone', 'delivered a', 'done a', 'given up b', 'waiting c: down'])
  t.strictSame(
    last.seen,
    ['given up d', 'abandoned d: a fault'],
    'a rejection counts as a failed attempt, here the last one',
  )
})

t.test('delays no outbox because of the backlog of another', async (t) => {
  const slow = handlerOf(
    'slow',
    ['a'],
    () => new Promise((resolve) => setTimeout(resolve, 1_000, { outcome: 'failed' })),
  )
  const items: string[] = []
  const quick = handlerOf('quick', items, accept)
  const worker = createOutboxWorker({ handlers: [slow.handler, quick.handler], every: 5, log })
  worker.start()
  items.push('b')
  await sleep(100)
  t.strictSame(quick.seen, ['done b', 'delivered b'])
  t.strictSame(slow.seen, [])
  await worker.stop()
})

t.test('wakes for a request with its context, before the start and after the stop', async (t) => {
  const items = ['a']
  const { handler, seen, contexts } = handlerOf('first', items, accept)
  const worker = createOutboxWorker({ handlers: [handler], every: 3_600_000, log })
  worker.wake(handler, request)
  await worker.stop()
  items.push('b')
  worker.wake(handler, request)
  t.notMatch(seen, ['done b'], 'the request does not wait')
  await worker.stop()
  t.strictSame(seen, ['done a', 'delivered a', 'done b', 'delivered b'])
  t.strictSame(contexts, [request, request])
})

t.test('delivers a new item while another delivery is under way', async (t) => {
  const items = ['slow']
  const { handler, seen } = handlerOf('first', items, async (id) => {
    if (id === 'slow') await sleep(1_000)
    return { outcome: 'accepted' }
  })
  const worker = createOutboxWorker({ handlers: [handler], every: 3_600_000, log })
  worker.start()
  items.push('quick')
  worker.wake(handler, request)
  await sleep(100)
  t.strictSame(seen, ['done quick', 'delivered quick'])
  await worker.stop()
})
