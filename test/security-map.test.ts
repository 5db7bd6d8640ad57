import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

/** `file`: sentence, at the end of a row. */
const CLAIM = /\| `(?<file>test\/[^`]+)`: (?<sentence>[^|]+) \|$/gm

const claims = [...readFileSync('docs/security.md', 'utf8').matchAll(CLAIM)].map(({ groups }) => groups!)

t.test('every claim in docs/security.md names a test that there is', async (t) => {
  t.ok(claims.length > 30)
  for (const { file, sentence } of claims) {
    const isThere = existsSync(file!) && readFileSync(file!, 'utf8').includes(`'${sentence}'`)
    t.ok(isThere, `${file}: ${sentence}`)
  }
})
