/**
 * Writes the table of providers in docs/delivery.md from their definitions. With `--check` it writes nothing and fails
 * when the table differs from the definitions.
 */
import { CHANNELS } from '../src/core/delivery/ports.ts'
import { providers } from '../src/providers/index.ts'
import type { ProviderDefinition } from '../src/providers/provider.ts'
import { writePart } from './generated-part.ts'

const row = ({ name, channels, receipts, idempotency, settings, document }: ProviderDefinition): string => {
  const required = new Set(settings.required ?? [])
  const shown = Object.entries(settings.properties)
    .filter(([, schema]) => !('default' in schema))
    .map(([setting]) => (required.has(setting) ? `\`${setting}\`` : `(\`${setting}\`)`))
  const cells = [
    `\`${name}\``,
    CHANNELS.filter((channel) => channels.includes(channel)).join(', '),
    receipts ?? 'none',
    idempotency ?? 'none',
    shown.join(' ') || 'none',
    document ? `<${document.url}> (${document.version})` : '',
  ]
  return `| ${cells.join(' | ')} |`
}

const table = [
  '| provider | channels | receipts and their signature | deduplication by | settings (optional ones in brackets) | source |',
  '|---|---|---|---|---|---|',
  ...providers.filter(({ real }) => real).map(row),
].join('\n')

writePart('docs/delivery.md', 'providers', table, 'npm run providers')
