import t from 'tap'
import { createAdminWorld } from '../support/admin.ts'

t.test('does not log the start of listening, and logs requests as usual', async (t) => {
  const world = await createAdminWorld(t)
  const before = world.logged.length
  const [address = '', adminAddress = ''] = await Promise.all(
    [world.app, world.admin.app].map((app) => app.listen({ host: '0.0.0.0', port: 0 })),
  )
  t.strictSame(world.logged.slice(before), [])
  await world.login('unknown')
  for (const url of [address, adminAddress]) await (await fetch(`${url}/nowhere`)).text()
  while (world.logged.filter((line) => line.includes('"event":"request"')).length < 3)
    await new Promise((resolve) => setTimeout(resolve, 5))
  const events = world.logged.slice(before).map((line) => JSON.parse(line))
  t.ok(
    events.some(({ event, level }) => event !== 'request' && level === 'info'),
    'decisions are logged too',
  )
  for (const line of events) t.type(line.request_id, 'string')
})
