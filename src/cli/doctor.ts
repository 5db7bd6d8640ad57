import { createChecklist } from '../doctor/checklist.ts'
import { type Reported, runChecks } from '../doctor/finding.ts'
import { realProbes } from '../doctor/probes.ts'
import { keepValidSettings } from '../doctor/valid-settings.ts'
import { loadExternal } from '../providers/external.ts'
import { providers } from '../providers/index.ts'
import { inspectSettings } from '../settings/load.ts'
import { SettingsSchema } from '../settings/schema.ts'
import { type Command, readArgs, refuseNames, type World } from './command.ts'

const OPTIONS = {
  json: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
} as const

const HIDDEN = '***'

/** Returns the password of a URL, encoded and decoded. */
const passwordsIn = ({ password }: URL): string[] => {
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}

/** Returns every configured secret, so that the output can mask them even in quoted messages of other programs. */
const secretsIn = (settings: Record<string, unknown>, schemas: readonly Record<string, unknown>[]): string[] =>
  schemas
    .flatMap((properties) => Object.entries(properties))
    .filter(([, schema]) => (schema as { secret?: boolean }).secret)
    .map(([name]) => settings[name])
    .filter((value): value is string => typeof value === 'string' && value.length > 0)
    .flatMap((value) => (URL.canParse(value) ? [value, ...passwordsIn(new URL(value))] : [value]))
    .filter((value) => value.length > 3)

const hide = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)

const lineOf = ({ level, check, looked, found, todo }: Reported): string =>
  `${level.padEnd(7)}  ${check.padEnd(10)}  ${looked}: ${found}${todo === undefined ? '' : ` ${todo}`}`.replaceAll(
    /\s*\n\s*/g,
    ' ',
  )

const countOf = (reported: readonly Reported[], level: Reported['level']) =>
  reported.filter((one) => one.level === level).length

const examine = async ({ env }: World): Promise<{ reported: Reported[]; secrets: string[] }> => {
  const { loaded, faults } = await loadExternal((env['SMS_PROVIDERS'] ?? '').split(',').map((name) => name.trim()))
  const definitions = [...loaded, ...providers]
  const inspected = inspectSettings({ env: { ...env, NODE_ENV: 'production' }, providers: definitions, faults })
  const checklist = await createChecklist({
    inspected,
    env,
    definitions,
    probes: realProbes(keepValidSettings(inspected).settings),
  })
  const schemas = [SettingsSchema.properties, ...definitions.map(({ settings }) => settings.properties)]
  return { reported: await runChecks(checklist), secrets: secretsIn(inspected.settings, schemas) }
}

/**
 * The command `doctor`, which checks a production setup and prints one line a finding. It changes nothing, sends no
 * message and shows no secret. Throws for a fault, and with `--strict` for a warning too.
 */
export const doctor: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  refuseNames('doctor', positionals)
  const { reported, secrets } = await examine(world)
  const [faults, warnings] = [countOf(reported, 'fault'), countOf(reported, 'warning')]
  const isOk = faults === 0 && !(values.strict && warnings > 0)
  const text = values.json
    ? `${JSON.stringify({ ok: isOk, findings: reported }, null, 2)}\n`
    : reported.map((one) => `${lineOf(one)}\n`).join('')
  world.stdout.write(hide(text, secrets))
  const sum = `${faults} ${faults === 1 ? 'fault' : 'faults'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
  if (!isOk) throw new Error(`${sum}: not ready for production.`)
  if (!values.json) world.stdout.write(`${sum}.\n`)
}
