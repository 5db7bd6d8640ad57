import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'

/** A table row that ends in "`file`: sentence". */
const CLAIM = /\| `(?<file>test\/[^`]+)`: (?<sentence>[^|]+) \|$/gm

const claims = [...readFileSync('docs/security.md', 'utf8').matchAll(CLAIM)].map(({ groups }) => groups!)

t.test('names only tests that exist in docs/security.md', async (t) => {
  t.ok(claims.length > 30)
  for (const { file, sentence } of claims) {
    const isThere = existsSync(file!) && readFileSync(file!, 'utf8').includes(`'${sentence}'`)
    t.ok(isThere, `${file}: ${sentence}`)
  }
})
