/**
 * Writes `openapi/openapi.json` from the routes' schemas. With `--check` it writes nothing and fails when the file is
 * not what the routes say.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describeApi } from './describe.ts'

const FILE = new URL('openapi.json', import.meta.url)

const made = await describeApi()
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, made)
} else if (readFileSync(FILE, 'utf8') !== made) {
  process.stderr.write('openapi/openapi.json is not what the routes say. Run: npm run openapi\n')
  process.exitCode = 1
}
