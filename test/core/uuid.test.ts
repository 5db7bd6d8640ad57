import { randomUUID } from 'node:crypto'
import t from 'tap'
import { isTypedUuid, isUuid } from '../../src/core/uuid.ts'

t.test('accepts a lowercase UUID, and capitals only where people type it', async (t) => {
  const id = randomUUID()
  t.ok(isUuid(id) && isTypedUuid(id))
  t.notOk(isUuid(id.toUpperCase()))
  t.ok(isTypedUuid(id.toUpperCase()))
})

t.test('rejects other texts and other values', async (t) => {
  const id = randomUUID()
  for (const value of [`${id}0`, ` ${id}`, `${id}\n`, id.replaceAll('-', ''), `{${id}}`, '', undefined, 1, [id]]) {
    t.notOk(isUuid(value) || isTypedUuid(value), String(value))
  }
})
