import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

/** Keeps the linter from contacting any server. */
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

t.test('passes the rules of redocly.yaml in both documents', async (t) => {
  const redocly = fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [redocly, 'lint', '--format=stylish'], {
    encoding: 'utf8',
    env: { ...process.env, ...QUIET },
  })
  t.equal(status, 0, stdout + stderr)
})
