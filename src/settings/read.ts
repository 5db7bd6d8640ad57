import { createReader, SettingsError, type ValueSource } from './reader.ts'
import { type Settings, SettingsSchema } from './schema.ts'

/**
 * Reads these settings and no others, for a tool that needs only them: their faults throw the same `SettingsError`, and
 * production demands of the required ones only those that are named. `NODE_ENV` always comes along.
 */
export const readSettings = <N extends keyof Settings>(
  source: ValueSource,
  names: readonly N[],
): Pick<Settings, N | 'NODE_ENV'> => {
  const { faults, read, demand } = createReader(source)
  const schemas = Object.fromEntries(
    (['NODE_ENV', ...names] as const).map((name) => [name, SettingsSchema.properties[name]]),
  )
  const settings = read(schemas)
  if (settings['NODE_ENV'] === 'production') demand(schemas, settings)
  if (faults.length > 0) throw new SettingsError(faults)
  return settings as Pick<Settings, N | 'NODE_ENV'>
}
