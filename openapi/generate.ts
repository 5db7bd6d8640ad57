/**
 * Generates `openapi/openapi.json` and `openapi/admin.json` from the routes' schemas, and `docs/problems.md` from the texts
 * of problems. With `--check` it writes nothing, and fails if a file differs from the source.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { describeAdminApi, describeApi } from './describe.ts'
import { describeProblems } from './problem-guide.ts'

const DOCUMENTS = {
  'openapi/openapi.json': describeApi,
  'openapi/admin.json': describeAdminApi,
  'docs/problems.md': describeProblems,
}

const isCheck = process.argv.includes('--check')
for (const [name, describe] of Object.entries(DOCUMENTS)) {
  const file = new URL(`../${name}`, import.meta.url)
  const made = await describe()
  if (!isCheck) {
    writeFileSync(file, made)
  } else if (readFileSync(file, 'utf8') !== made) {
    process.stderr.write(`${name} is outdated. Run: npm run openapi\n`)
    process.exitCode = 1
  }
}
