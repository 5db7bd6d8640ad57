import { createReader, SettingsError, type ValueSource } from './reader.ts'
import { type Settings, SettingsSchema } from './schema.ts'

/**
 * Reads only the given settings, and `NODE_ENV`. In production it requires only those of them that are required. Throws
 * a `SettingsError` with every fault.
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
