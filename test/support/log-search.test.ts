import t from 'tap'
import { secretsIn } from './log-search.ts'

t.test('finds a logged secret in any position', async (t) => {
  t.strictSame(secretsIn('{"msg":"the code is 049281"}', ['049281', '111111']), ['049281'])
  t.strictSame(secretsIn('{"a":{"b":["x049281y"]}}', ['049281']), ['049281'])
})

t.test('ignores the digits of ids and times', async (t) => {
  const line = '{"time":"2026-11-24T08:15:12.345Z","request_id":"0e3b1c9e-4c0f-4c3f-9a55-049281a9f2d1"}'
  t.strictSame(secretsIn(line, ['049281', '12.345']), [])
})
