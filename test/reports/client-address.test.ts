import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createWorld, type World } from '../support/app.ts'

const CLIENT = '203.0.113.7'

/** Returns the logged client address of a request from the proxy at `remoteAddress`. */
const addressSeen = async (world: World, header: string, remoteAddress = '127.0.0.1'): Promise<unknown> => {
  const { headers } = await world.app.inject({
    url: '/nowhere',
    headers: { 'x-forwarded-for': header },
    remoteAddress,
  })
  for (let tries = 1; tries <= 200; tries += 1) {
    for (const line of world.logged.toReversed()) {
      const { event, request_id: requestId, address } = JSON.parse(line)
      if (event === 'request' && requestId === headers['x-request-id']) return address
    }
    await sleep(5)
  }
  return undefined
}

t.test('recognizes a trusted hop in every notation that proxies use', async (t) => {
  const world = await createWorld(t, {
    app: { http: { trustProxy: ['127.0.0.1', '10.0.0.0/8', '2001:db8:f::/48', 'fe80::/10'] } },
  })
  for (const hop of [
    '10.0.0.2',
    '10.0.0.2:4312',
    '[10.0.0.2]',
    '[10.0.0.2]:4312',
    '"10.0.0.2:4312"',
    '  10.0.0.2 ',
    '\t10.0.0.2:4312\t',
    '::ffff:10.0.0.2',
    '::FFFF:10.0.0.2',
    '::ffff:a00:2',
    '[::ffff:10.0.0.2]:4312',
    '2001:db8:f::2',
    '2001:0DB8:000F::2',
    '[2001:db8:f::2]',
    '[2001:db8:f::2]:4312',
    '"[2001:db8:f::2]:4312"',
    'fe80::2%eth0',
    '[fe80::2%eth0]:4312',
  ]) {
    t.equal(await addressSeen(world, `${CLIENT}, ${hop}`), CLIENT, hop)
    t.equal(await addressSeen(world, `192.0.2.1, ${CLIENT}:5678, ${hop}, 10.1.1.1:1,${hop}`), CLIENT, `twice ${hop}`)
  }
  for (const [written, address] of [
    ['203.0.113.7:5678', CLIENT],
    ['::ffff:203.0.113.7', CLIENT],
    ['"[2001:DB8::0:1]:5678"', '2001:db8::1'],
  ] as const) {
    t.equal(await addressSeen(world, `${written}, 10.0.0.2:4312`), address, `a client as ${written}`)
  }
})

t.test('stops at a hop that only resembles a trusted one', async (t) => {
  const world = await createWorld(t, { app: { http: { trustProxy: ['127.0.0.1', '10.0.0.0/8'] } } })
  for (const [hop, address] of [
    ['11.0.0.2:4312', '11.0.0.2'],
    ['[::ffff:11.0.0.2]:1', '11.0.0.2'],
    ['2001:db8::10', '2001:db8::10'],
    ['10.0.0.2:4312:1', '127.0.0.1'],
    ['10.0.0.2:x', '127.0.0.1'],
    ['[10.0.0.2', '127.0.0.1'],
    ['"10.0.0.2', '127.0.0.1'],
    ['10.0.0.2;10.0.0.3', '127.0.0.1'],
    ['010.0.0.2', '127.0.0.1'],
    ['10.2', '127.0.0.1'],
    ['unknown', '127.0.0.1'],
  ] as const) {
    t.equal(await addressSeen(world, `${CLIENT}, ${hop}`), address, hop)
  }
  const start = performance.now()
  await addressSeen(world, `${CLIENT}, x${' '.repeat(15_000)}"y`)
  await addressSeen(world, `${CLIENT}, ${'1'.repeat(15_000)}:`)
  t.ok(performance.now() - start < 2_000, 'long headers are parsed in bounded time')
})

t.test('matches a proxy in IPv4 and IPv6 notation and any spelling of the setting', async (t) => {
  const world = await createWorld(t)
  for (const [range, proxy] of [
    ['10.0.0.0/8', '::ffff:10.0.0.1'],
    ['10.0.0.1', '::ffff:10.0.0.1'],
    ['::ffff:10.0.0.0/104', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:0DB8::/32', '2001:db8::1'],
    ['2001:db8:0:0::1', '2001:db8::1'],
  ] as const) {
    const instance = await world.startInstance({ app: { http: { trustProxy: [range] } } })
    t.equal(await addressSeen({ ...world, app: instance.app }, CLIENT, proxy), CLIENT, `${range} and ${proxy}`)
    t.equal(
      await addressSeen({ ...world, app: instance.app }, '198.51.100.9', '192.0.2.9'),
      '192.0.2.9',
      'no other peer is trusted',
    )
  }
})

t.test('counts limits for the user behind two proxies, not for the inner proxy', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true, trustProxy: ['127.0.0.1', '10.0.0.0/8'] } } })
  const left = async (user: number) => {
    const headers = { 'x-forwarded-for': `203.0.113.${user}, 10.0.0.2:4312` }
    const { headers: answer } = await world.app.inject({ method: 'POST', url: '/login', payload: {}, headers })
    return /"login";r=(\d+)/.exec(String(answer['ratelimit']))?.[1]
  }
  t.strictSame([await left(1), await left(1), await left(2)], ['19', '18', '19'])
})
