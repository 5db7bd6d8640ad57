import t from 'tap'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { createWorld, type World } from '../support/app.ts'

const from = (world: World, remoteAddress: string, url = '/login') =>
  world.send({ method: 'POST', url, payload: {}, remoteAddress })

t.test('an address may try to log in twenty times a minute, whatever it sends', async (t) => {
  const world = await createWorld(t, { app: { rateLimit: true } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) t.equal((await from(world, '198.51.100.7')).status, 400)
  const limited = await from(world, '198.51.100.7')
  t.match(limited, { status: 429, body: { code: 'rate_limited' } })
  t.ok(limited.body.retry_after >= 1 && limited.body.retry_after <= 60)
  t.equal((await from(world, '198.51.100.8')).status, 400, 'another address is another matter')
  t.equal((await from(world, '198.51.100.7', '/verify')).status, 400, 'so is another route')
})

t.test('all addresses of an IPv6 /64 and all its spellings are one', async (t) => {
  const world = await createWorld(t, { app: { rateLimit: true } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, `2001:DB8:0:7::${nth}`)
  t.equal((await from(world, '2001:db8:0:7:ffff::1')).status, 429)
  t.equal((await from(world, '2001:db8:0:8::1')).status, 400)
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, '::ffff:198.51.100.9')
  t.equal((await from(world, '198.51.100.9')).status, 429, 'an IPv4 address in IPv6 clothes')
})

t.test('an address has 300 requests a minute for everything, unknown paths too, but health', async (t) => {
  const world = await createWorld(t, { app: { rateLimit: true } })
  const get = (url: string) => world.send({ method: 'GET', url, remoteAddress: '198.51.100.7' })
  for (let nth = 1; nth <= ADDRESS_LIMITS.everything; nth += 1)
    await get(nth % 2 ? '/nowhere' : '/.well-known/jwks.json')
  t.equal((await get('/nowhere')).status, 429)
  t.equal((await get('/.well-known/jwks.json')).status, 429)
  t.equal((await get('/health/live')).status, 200, 'a flood must not look like a death')
})

t.test('X-Forwarded-For is believed from a listed proxy alone, and only the part it added', async (t) => {
  const world = await createWorld(t, { app: { rateLimit: true, trustProxy: ['10.0.0.0/8'] } })
  const send = (remoteAddress: string, forwarded: string) =>
    world.send({ method: 'POST', url: '/login', payload: {}, remoteAddress, headers: { 'x-forwarded-for': forwarded } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send('198.51.100.7', `203.0.113.${nth}`)
  t.equal((await send('198.51.100.7', '203.0.113.99')).status, 429, 'a stranger changes nothing by it')
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send('10.0.0.1', `203.0.113.${nth}, 198.51.100.8`)
  t.equal(
    (await send('10.0.0.1', '203.0.113.99, 198.51.100.8')).status,
    429,
    'nor does what a client puts before the proxy’s part',
  )
  t.equal((await send('10.0.0.1', '198.51.100.9')).status, 400)
})

t.test('a port behind a forwarded address and what is no address make no new clients', async (t) => {
  const world = await createWorld(t, { app: { rateLimit: true, trustProxy: ['10.0.0.0/8'] } })
  const send = (forwarded: string) =>
    world.send({
      method: 'POST',
      url: '/login',
      payload: {},
      remoteAddress: '10.0.0.1',
      headers: { 'x-forwarded-for': forwarded },
    })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send(`198.51.100.7:${5_000 + nth}`)
  t.equal((await send('198.51.100.7:6000')).status, 429)
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send(`invented-${nth}`)
  t.equal((await send('invented-again')).status, 429, 'they are all the proxy itself')
})
