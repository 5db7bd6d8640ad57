import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { Receipt } from '../../src/core/delivery/ports.ts'
import { createScenarios, parseScenarios, STANDARD_NUMBERS } from '../../src/providers/development/scenarios.ts'
import { MESSAGE } from '../contracts/provider.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const parse = (items: string[], strict = false) => parseScenarios(items, { codeLength: 6, strict, now: NOW })
const never = () => new AbortController().signal

const start = (items: string[], now = NOW) => {
  const receipts: (Receipt & { provider: string })[] = []
  const scenarios = createScenarios({
    numbers: parse(items).numbers,
    now: () => now,
    receive: async (provider, receipt) => receipts.push({ provider, ...receipt }),
    slowFor: 20,
    receiptAfter: 1,
  })
  const send = (to: string, signal = never()) => scenarios.providerFor(to)!.send({ ...MESSAGE, to }, signal)
  return { scenarios, receipts, send }
}

t.test('has one standard number for each scenario', async (t) => {
  const { numbers, faults } = parse(['standard'])
  t.same(faults, [])
  t.same(
    numbers.map(({ scenario }) => scenario),
    ['delivered', 'undelivered', 'slow', 'throttled', 'down', 'code'],
  )
  t.equal(numbers.find(({ scenario }) => scenario === 'code')?.code, '246810')
  t.equal(numbers.length, STANDARD_NUMBERS.length)
})

t.test('requires each number to have an unexpired last day in production', async (t) => {
  const faulty: [item: string, fault: RegExp][] = [
    ['standard', /must not be "standard" in production/],
    ['+12025550155=code:246810', /must have a last day for \+12025550155 in production/],
    ['+12025550155=code:246810@2026-11-23', /only until 2026-11-23: remove it/],
  ]
  for (const [item, fault] of faulty) {
    t.match(parse([item], true).faults, [fault], item)
    t.same(parse([item]).faults, [], `${item} is valid outside production`)
  }
  t.same(parse(['+12025550155=code:246810@2026-11-24'], true).faults, [])
})

t.test('reports what is wrong with an invalid number', async (t) => {
  const faulty: [item: string, fault: RegExp][] = [
    ['+12025550155', /"\+12025550155", which is not NUMBER=SCENARIO/],
    ['12025550155=down', /"12025550155=down"/],
    ['+12025550155=lost', /"\+12025550155=lost".*delivered, undelivered, slow/],
    ['+12025550155=code', /must have a code/],
    ['+12025550155=down:123456', /must have a code/],
    ['+12025550155=code:1234', /code of 4 digits.*CODE_LENGTH is 6/],
    ['+12025550155=down@2026-02-30', /"2026-02-30", which is not a date/],
  ]
  for (const [item, fault] of faulty) t.match(parse([item]).faults, [fault], item)
})

t.test('ends each scenario as its name says', async (t) => {
  const { receipts, send } = start(['standard'])
  t.match(await send('+12025550150'), { outcome: 'accepted' })
  t.match(await send('+12025550151'), { outcome: 'accepted' })
  t.match(await send('+12025550152'), { outcome: 'accepted' })
  t.match(await send('+12025550153'), { outcome: 'failed', retryAfter: 30 })
  t.match(await send('+12025550154'), { outcome: 'failed' })
  t.match(await send('+12025550155'), { outcome: 'accepted' })
  await setTimeout(20)
  const { sendId } = MESSAGE
  t.same(
    receipts.map(({ status }) => status),
    ['delivered', 'undelivered', 'delivered', 'delivered'],
  )
  t.match(receipts[0], { provider: 'scenario', sendId })
})

t.test('ends a slow send as unknown at the signal', async (t) => {
  const { send } = start(['standard'])
  t.match(await send('+12025550152', AbortSignal.timeout(1)), { outcome: 'unknown' })
})

t.test('stops serving a number after its last day', async (t) => {
  const item = '+12025550155=code:246810@2026-11-24'
  const last = start([item], Date.parse('2026-11-24T23:59:59Z')).scenarios
  t.equal(last.isServed('+12025550155'), true)
  t.equal(last.codeFor('+12025550155'), '246810')
  const { scenarios } = start([item], Date.parse('2026-11-25T00:00:00Z'))
  t.equal(scenarios.isServed('+12025550155'), false)
  t.equal(scenarios.codeFor('+12025550155'), undefined)
  t.equal(scenarios.providerFor('+12025550155'), undefined)
  t.equal(scenarios.isServed('+12025550143'), undefined, 'other numbers are not scenario numbers')
})
