import t from 'tap'
import { migrate } from '../../db/migrate.ts'
import { migrations } from '../../db/migrations/index.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { countFormerUsers, emptySchema, makeFormerSchema, openSchema, readDefinitions } from '../support/schema.ts'

t.test('upgrades from each former version to the functions of the files and keeps the rows', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  await emptySchema(db)
  await migrate(db)
  const expected = await readDefinitions(db)
  const names = Object.keys(migrations)
  for (let count = 1; count <= names.length; count += 1) {
    await makeFormerSchema(db, count)
    t.strictSame(await migrate(db), [...names.slice(count), 'functions/*'], `from ${names[count - 1]}`)
    t.strictSame(await readDefinitions(db), expected)
    t.equal(await countFormerUsers(db), 3)
  }
})
