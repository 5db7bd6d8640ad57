/**
 * Writes `openapi/openapi.json` and `openapi/admin.json` from the routes' schemas. With `--check` it writes nothing and
 * fails when a file is not what the routes say.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describeAdminApi, describeApi } from './describe.ts'

const DOCUMENTS = { 'openapi.json': describeApi, 'admin.json': describeAdminApi }

const isCheck = process.argv.includes('--check')
for (const [name, describe] of Object.entries(DOCUMENTS)) {
  const file = new URL(name, import.meta.url)
  const made = await describe()
  if (!isCheck) {
    writeFileSync(file, made)
  } else if (readFileSync(file, 'utf8') !== made) {
    process.stderr.write(`openapi/${name} is not what the routes say. Run: npm run openapi\n`)
    process.exitCode = 1
  }
}
