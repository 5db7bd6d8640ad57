import t from 'tap'
import { createHashQueue } from '../../src/core/login/hash-queue.ts'
import { createArgon2id } from '../../src/passwords/argon2id.ts'
import { createWorld } from '../support/app.ts'

t.test('refuses logins beyond the hash queue at once and serves all other requests', async (t) => {
  const queue = createHashQueue({ concurrency: 1, maxWait: 100, now: () => performance.now() })
  const passwords = await createArgon2id(queue)
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const busy = await world.startInstance({ app: { credentials: { passwords } } })

  // Opens the connections, as on a busy server.
  await Promise.all(Array.from({ length: 10 }, () => busy.get('/challenge', token)))
  const flood = Array.from({ length: 100 }, () => busy.login('nobody'))
  t.equal((await busy.verify(token, world.lastCode())).status, 200, 'the second step needs no hash')
  t.equal((await busy.get('/health/live')).status, 200)
  const answers = await Promise.all(flood)
  const refused = answers.filter(({ body }) => body.code === 'overloaded')
  t.ok(refused.length > 50, `${refused.length} of 100 were refused`)
  t.ok(refused.length < 100, 'the others were served')
  for (const { headers } of refused) t.ok(Number(headers['retry-after']) >= 1)
  t.equal((await busy.login('nobody')).status, 401, 'served again after the flood')
})
