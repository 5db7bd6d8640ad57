import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createAuditTrail } from '../../src/store/audit/index.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createUserAdmin } from '../../src/store/users/admin.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { runHere } from './tool.ts'

const REQUEST = '9f0c6d4e-7d0b-4f5b-9b7c-0d9c1f2e3a4b'

/** Creates two users, one of them with audit events, and runs the tool on their database. */
const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  const users = createUserAdmin(database)
  const userId = (await users.add({
    username: 'Alice Smith',
    passwordHash: '$x',
    factor: 'sms',
    phone: '+12025550143',
  }))!
  await users.add({ username: 'bob', passwordHash: '$x', factor: 'sms', phone: '+12025550144' })
  const trail = createAuditTrail(database, { onLost: () => t.fail('no event is lost') })
  const common = { userId, address: '192.0.2.7', requestId: REQUEST }
  const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 8, 0, second, 250))
  trail.record({ ...common, event: 'login_ok', facts: { user_id: userId, challenge_id: 'c1' }, at: at(1) })
  trail.record({
    ...common,
    event: 'code_not_sent',
    address: '2001:db8::7',
    facts: { user_id: userId, reason: 'HTTP 503', provider: null, odd: 'a="b"', none: '', took: 12, moved: false },
    at: at(2),
  })
  trail.record({ ...common, event: 'code_ok', requestId: '-', facts: { user_id: userId }, at: at(3) })
  await trail.drain()
  const tool = (...args: string[]) => runHere(['audit', ...args], { env: { DATABASE_URL: url } })
  return { tool }
}

t.test('lists the events of an account line by line, the latest first', async (t) => {
  const { tool } = await setUp(t)
  const { code, stdout, stderr } = await tool('alice smith')
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  t.strictSame(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['TIME', 'EVENT', 'ADDRESS', 'REQUEST', 'FACTS'],
      ['2026-11-20T08:00:03Z', 'code_ok', '192.0.2.7', '-', '-'],
      [
        '2026-11-20T08:00:02Z',
        'code_not_sent',
        '2001:db8::7',
        REQUEST,
        String.raw`odd="a=\"b\"" none="" took=12 moved=false reason="HTTP 503" provider=null`,
      ],
      ['2026-11-20T08:00:01Z', 'login_ok', '192.0.2.7', REQUEST, 'challenge_id=c1'],
    ],
  )
})

t.test('shows only the latest events with --limit', async (t) => {
  const { tool } = await setUp(t)
  const { stdout } = await tool('Alice Smith', '--limit', '1')
  t.match(stdout, /^TIME .*\n\S+ +code_ok .*\n$/)
  for (const limit of ['0', '-1', 'all', '1.5', '10001', '1e3', '']) {
    t.match(await tool('Alice Smith', `--limit=${limit}`), {
      code: 2,
      stderr: /^--limit must be a number from 1 to 10000/,
    })
  }
})

t.test('distinguishes a user without events from an unknown user', async (t) => {
  const { tool } = await setUp(t)
  t.match(await tool('bob'), { code: 0, stdout: 'bob has no audit events.\n', stderr: '' })
  t.match(await tool('mallory'), { code: 1, stdout: '', stderr: 'The user "mallory" does not exist.\n' })
  t.match(await tool(randomUUID()), { code: 1 })
  t.match(await tool(), { code: 2, stderr: /^"audit" needs the name of one user/ })
  t.match(await tool('alice', 'smith'), { code: 2, stderr: /^"audit" needs the name of one user/ })
})
