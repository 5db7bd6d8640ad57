import t from 'tap'
import { createAdminWorld } from '../support/admin.ts'

t.test(
  'an app that begins to listen leaves the line about it to its caller, and logs requests as before',
  async (t) => {
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
      'and what was decided',
    )
    for (const line of events) t.type(line.request_id, 'string')
  },
)
