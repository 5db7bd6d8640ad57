/**
 * Writes the table of settings in the README from their schemas. With `--check` it writes nothing and fails when the
 * table is not what the schemas say.
 */
import { humanChecks } from '../src/guard/human-checks/index.ts'
import { numberIntelligence } from '../src/guard/number-intelligence/index.ts'
import { providers } from '../src/providers/index.ts'
import { type SettingSchema, SettingsSchema } from '../src/settings/schema.ts'
import { writePart } from './generated-part.ts'

const row = ([name, schema]: [string, unknown], provider?: string): string => {
  const setting = schema as SettingSchema
  const { default: preset, unit, secret, inFile = secret, required, insteadOf, description } = setting
  const shown = Array.isArray(preset) ? preset.join(',') : preset
  const value =
    shown === undefined || shown === ''
      ? ''
      : `\`${shown}\`${unit === undefined ? '' : unit === 'seconds' ? ' s' : ` ${unit}`}`
  const note = [
    provider && `For \`${provider}\`.`,
    required && `Required in production${insteadOf ? `, unless \`${insteadOf}\` is set` : ''}.`,
  ]
    .filter(Boolean)
    .join(' ')
  return `| \`${name}\`${inFile ? ` or \`${name}_FILE\`` : ''} | ${value} | ${[description, note].filter(Boolean).join(' ')} |`
}

const table = [
  '| setting | default | what it is |',
  '|---|---|---|',
  ...Object.entries(SettingsSchema.properties).map((entry) => row(entry)),
  ...[...humanChecks, ...numberIntelligence, ...providers].flatMap(({ name, settings }) =>
    Object.entries(settings.properties).map((entry) => row(entry, name)),
  ),
].join('\n')

writePart('README.md', 'settings', table, 'npm run settings')
