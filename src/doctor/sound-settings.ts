import type { InspectedSettings } from '../settings/load.ts'
import { type Settings, SettingsSchema } from '../settings/schema.ts'

/**
 * The settings with their defaults in the place of what is wrong with them, so that the rest can be looked at all the same,
 * and the names of those.
 */
export const soundSettings = ({ settings, faults }: InspectedSettings) => {
  const faulty = new Set(
    faults.flatMap((line) => /^\w+/.exec(line)?.[0] ?? []).flatMap((name) => [name, name.replace(/_FILE$/, '')]),
  )
  const standard = (name: string) => (SettingsSchema.properties as Record<string, { default?: unknown }>)[name]?.default
  const sound = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, faulty.has(name) ? standard(name) : value]),
  ) as Settings & Record<string, unknown>
  return { sound, faulty }
}
