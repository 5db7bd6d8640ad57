import { readFileSync } from 'node:fs'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { SettingSchema } from './config.ts'

/** Where values come from. */
export interface ValueSource {
  env: Record<string, string | undefined>
  /** Reads the file that `NAME_FILE` names. */
  readFile?: (path: string) => string
  /** What was found wrong before, such as a provider's file that cannot be loaded. */
  faults?: readonly string[]
}

/** All that is wrong with the settings, one line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`The settings are not complete or not right:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

const convert = (raw: string, { type }: SettingSchema): unknown => {
  if (type === 'integer') return /^\d+$/.test(raw) ? Number(raw) : raw
  if (type === 'boolean') return raw === 'true' ? true : raw === 'false' ? false : raw
  if (type === 'array')
    return raw
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  return raw
}

/** Reads settings by their schemas and collects what is wrong with them. */
export const createReader = ({
  env,
  readFile = (path) => readFileSync(path, 'utf8'),
  faults: known = [],
}: ValueSource) => {
  const faults = [...known]

  const readRaw = (name: string, { secret, inFile = secret }: SettingSchema): string | undefined => {
    const direct = env[name]?.trim() || undefined
    const path = inFile ? env[`${name}_FILE`]?.trim() || undefined : undefined
    if (path === undefined) return direct
    if (direct !== undefined) faults.push(`${name} and ${name}_FILE are both set: remove one of them.`)
    try {
      return readFile(path).trim() || undefined
    } catch (error) {
      faults.push(`${name}_FILE cannot be read: ${(error as Error).message}.`)
      return undefined
    }
  }

  const read = (schemas: Record<string, TSchema>): Record<string, unknown> => {
    const values: Record<string, unknown> = {}
    for (const [name, schema] of Object.entries(schemas)) {
      const setting = schema as unknown as SettingSchema
      const raw = readRaw(name, setting)
      const value = raw === undefined ? setting.default : convert(raw, setting)
      if (value === undefined) continue
      values[name] = value
      const [error] = Value.Errors(schema, value)
      if (!error) continue
      const shown = setting.secret ? '' : `, not "${raw}"`
      const { anyOf } = schema as { anyOf?: { const: string }[] }
      const wrong = anyOf ? `must be one of ${anyOf.map((choice) => choice.const).join(', ')}` : error.message
      faults.push(`${name} ${wrong}${shown}. For example: ${setting.examples.join(',')}`)
    }
    return values
  }

  const missing = (name: string, schema: TSchema): void => {
    const { description, examples, secret } = schema as unknown as SettingSchema
    faults.push(
      `${name}${secret ? ` (or ${name}_FILE)` : ''} is missing: ${description} For example: ${examples.join(',')}`,
    )
  }

  /** Production cannot do without those that are `required`. */
  const demand = (schemas: Record<string, TSchema>, values: Record<string, unknown>): void => {
    for (const [name, schema] of Object.entries(schemas)) {
      const { required, insteadOf } = schema as unknown as SettingSchema
      const other = insteadOf === undefined ? undefined : values[insteadOf]
      if (required && values[name] === undefined && other === undefined) missing(name, schema)
    }
  }

  return { faults, read, missing, demand }
}
