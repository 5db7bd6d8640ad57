/** Lints both committed documents by the rules of `redocly.yaml`. Asks and tells nobody outside. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

const redocly = fileURLToPath(import.meta.resolve('@redocly/cli/bin/cli.js'))
const { status } = spawnSync(process.execPath, [redocly, 'lint', '--format=stylish'], {
  stdio: 'inherit',
  env: { ...process.env, ...QUIET },
})
process.exitCode = status ?? 1
