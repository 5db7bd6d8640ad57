import t from 'tap'
import { createDatabase } from '../../src/store/database.ts'
import { createUserAdmin } from '../../src/store/users/admin.ts'
import { addUsers } from '../../src/store/users/import.ts'
import { createTestDatabase } from '../support/postgres.ts'

t.test('adds many users at once and skips names that are taken', async (t) => {
  const database = createDatabase({ url: await createTestDatabase(t), poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  const users = createUserAdmin(database)
  await users.add({ username: 'Ada', passwordHash: 'hers', factor: 'sms', phone: '+12025550143' })
  const given = ['ada', 'bob', 'd\'arcy, "{}"'].map((username) => ({
    username,
    passwordHash: null,
    factor: 'sms',
    phone: '+12025550144',
  }))
  t.strictSame([...(await addUsers(database, given))].sort(), ['bob', 'd\'arcy, "{}"'])
  t.match(await users.list(), [
    { username: 'Ada', phone: '+12025550143', hasPassword: true },
    { username: 'bob', phone: '+12025550144', hasPassword: false },
    { username: 'd\'arcy, "{}"' },
  ])
  t.strictSame(await addUsers(database, []), new Set())
})
