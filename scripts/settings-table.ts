/**
 * Writes the tables of docs/settings.md from the schemas of the settings. With `--check` it writes nothing and fails when
 * the tables differ from the schemas. Throws when a setting belongs to no group below, or to two.
 */
import { humanChecks } from '../src/guard/human-checks/index.ts'
import { numberIntelligence } from '../src/guard/number-intelligence/index.ts'
import { providers } from '../src/providers/index.ts'
import { type SettingSchema, SettingsSchema } from '../src/settings/schema.ts'
import { writePart } from './generated-part.ts'

/** The groups of the service's own settings in the order of the page, each with its most used settings first. */
const GROUPS: Record<string, readonly string[]> = {
  'Required in production': [
    'NODE_ENV',
    'ISSUER',
    'AUDIENCE',
    'DATABASE_URL',
    'SECRET',
    'JWT_KEYS_FILE',
    'SMS_PROVIDERS',
    'SMS_COUNTRIES',
  ],
  'Most used': [
    'PORT',
    'HOST',
    'SERVICE_NAME',
    'TRUST_PROXY',
    'CORS_ORIGINS',
    'SMS_PRICES',
    'SMS_BUDGET_COST',
    'SMS_BUDGET_MESSAGES',
    'REGISTRATION',
    'RECOVERY_HELP',
    'EVENTS_WEBHOOK_URL',
    'EVENTS_WEBHOOK_SECRET',
    'REDIS_URL',
    'LOG_LEVEL',
  ],
  'Tokens and sessions': [
    'ACCESS_TOKEN_TTL',
    'REFRESH_TOKEN_TTL',
    'REFRESH_IDLE_TTL',
    'REFRESH_COOKIE',
    'DEVICE_TOKEN_TTL',
    'STEP_UP_MAX_AGE',
    'CLIENT_ID',
  ],
  'Keys and secrets': ['SECRET_PREVIOUS', 'JWT_KEYS', 'JWT_ALGORITHM'],
  'Codes and messages': [
    'CODE_LENGTH',
    'CODE_TTL',
    'RESEND_COOLDOWN',
    'SMS_ROUTES',
    'SMS_DOMAIN',
    'SMS_LOCALES',
    'SMS_TEXTS_FILE',
    'ANDROID_APP_HASH',
    'SCENARIO_NUMBERS',
  ],
  'Limits and fraud': [
    'SMS_GUARD',
    'SMS_GUARD_LIMITS',
    'SMS_SAFE_NUMBERS',
    'SMS_VOIP',
    'HUMAN_CHECK',
    'NUMBER_INTELLIGENCE',
    'PASSWORD_BREACH_URL',
    'RATE_LIMIT',
  ],
  'Network and database': [
    'ADMIN_PORT',
    'ADMIN_HOST',
    'DATABASE_POOL_SIZE',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
    'SHUTDOWN_DELAY',
  ],
  Retention: ['AUDIT_RETENTION', 'LEDGER_RETENTION', 'SESSION_RETENTION', 'CHALLENGE_RETENTION'],
  Development: ['DEMO', 'DEV_OUTBOX', 'DATA_DIR'],
}

const row = (name: string, schema: unknown, isRequired = false): string => {
  const { default: preset, unit, secret, inFile = secret, required, insteadOf, description } = schema as SettingSchema
  const shown = Array.isArray(preset) ? preset.join(',') : preset
  const value =
    shown === undefined || shown === ''
      ? ''
      : `\`${shown}\`${unit === undefined ? '' : unit === 'seconds' ? ' s' : ` ${unit}`}`
  const note = required
    ? `Required in production${insteadOf ? `, unless \`${insteadOf}\` is set` : ''}.`
    : isRequired && shown === undefined
      ? 'Required.'
      : ''
  return `| \`${name}\`${inFile ? ` or \`${name}_FILE\`` : ''} | ${value} | ${[description, note].filter(Boolean).join(' ')} |`
}

const section = (heading: string, rows: readonly string[]): string =>
  [heading, '', '| setting | default | description |', '|---|---|---|', ...rows].join('\n')

const settings: Record<string, unknown> = SettingsSchema.properties

const grouped = Object.values(GROUPS).flat()
const misplaced = [
  ...Object.keys(settings).filter((name) => !grouped.includes(name)),
  ...grouped.filter((name, at) => !(name in settings) || grouped.indexOf(name) !== at),
]
if (misplaced.length > 0)
  throw new Error(`Put each setting into one group of scripts/settings-table.ts: ${misplaced.join(', ')}`)

interface Definition {
  name: string
  settings: { properties: Record<string, unknown>; required?: readonly string[] }
}

/** One section for each service that has settings, with the required ones first. */
const sectionsOf = (definitions: readonly Definition[]): string[] =>
  definitions.flatMap(({ name, settings: { properties, required = [] } }) => {
    const isNeeded = ([setting, schema]: [string, unknown]) =>
      required.includes(setting) && (schema as SettingSchema).default === undefined
    const entries = Object.entries(properties).sort((a, b) => Number(isNeeded(b)) - Number(isNeeded(a)))
    const rows = entries.map((entry) => row(...entry, isNeeded(entry)))
    return rows.length === 0 ? [] : [section(`### \`${name}\``, rows)]
  })

const page = [
  ...Object.entries(GROUPS).map(([title, names]) =>
    section(
      `## ${title}`,
      names.map((name) => row(name, settings[name])),
    ),
  ),
  '## Providers',
  ...sectionsOf(providers),
  '## Human checks',
  ...sectionsOf(humanChecks),
  '## Number intelligence',
  ...sectionsOf(numberIntelligence),
].join('\n\n')

writePart('docs/settings.md', 'settings', page, 'npm run settings')
