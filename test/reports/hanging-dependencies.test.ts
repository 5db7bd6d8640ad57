import { createServer } from 'node:http'
import t from 'tap'
import { createTwilioLookup } from '../../src/guard/number-intelligence/twilio-lookup.ts'
import { createBreachRange } from '../../src/passwords/breach-range.ts'

const RANGE = `${'0'.repeat(35)}:0`

t.test('skips number intelligence after 3 timeouts and retries it after 3 s', async (t) => {
  let elapsed = 0
  let asked = 0
  let hangs = true
  const source = createTwilioLookup({
    account: 'AC',
    token: 'test',
    url: 'https://lookups.example.com',
    elapsed: () => elapsed,
    transport: async () => {
      asked += 1
      if (hangs) throw new DOMException('no answer', 'TimeoutError')
      return { status: 200, headers: {}, body: '{"sim_swap":{"last_sim_swap":{"swapped_in_period":true}}}' }
    },
  })
  for (let nth = 0; nth < 20; nth += 1) t.equal(await source.assess('+12025550143'), 'unknown')
  t.equal(asked, 3)
  elapsed += 3_000
  await Promise.all(Array.from({ length: 20 }, () => source.assess('+12025550143')))
  t.equal(asked, 4, 'one lookup retries it')
  hangs = false
  elapsed += 3_000
  t.equal(await source.assess('+12025550143'), 'high')
  t.equal(await source.assess('+12025550143'), 'high')
})

t.test('skips the breach list after 3 failures and retries it after 3 s', async (t) => {
  let elapsed = 0
  let asked = 0
  let fails = true
  const server = createServer((_request, response) => {
    asked += 1
    if (fails) response.destroy()
    else response.end(RANGE)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const isBreached = createBreachRange(`http://127.0.0.1:${(server.address() as { port: number }).port}`, {
    elapsed: () => elapsed,
  })
  for (let nth = 0; nth < 20; nth += 1) await t.rejects(isBreached('a password'))
  t.equal(asked, 3)
  fails = false
  elapsed += 3_000
  t.equal(await isBreached('a password'), false)
  t.equal(await isBreached('a password'), false)
  t.equal(asked, 5)
})
