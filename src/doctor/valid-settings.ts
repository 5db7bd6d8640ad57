import type { InspectedSettings } from '../settings/load.ts'
import { type Settings, SettingsSchema } from '../settings/schema.ts'

/**
 * Returns the settings with defaults instead of faulty values, so that the other checks can run, and the names of faulty
 * settings.
 */
export const keepValidSettings = ({ settings: read, faults }: InspectedSettings) => {
  const faulty = new Set(
    faults.flatMap((line) => /^\w+/.exec(line)?.[0] ?? []).flatMap((name) => [name, name.replace(/_FILE$/, '')]),
  )
  const standard = (name: string) => (SettingsSchema.properties as Record<string, { default?: unknown }>)[name]?.default
  const settings = Object.fromEntries(
    Object.entries(read).map(([name, value]) => [name, faulty.has(name) ? standard(name) : value]),
  ) as Settings & Record<string, unknown>
  return { settings, faulty }
}
