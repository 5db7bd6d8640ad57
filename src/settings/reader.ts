import type { TSchema } from 'typebox'
import { Errors } from 'typebox/schema'
import { describeFault } from './faults.ts'
import type { SettingSchema } from './schema.ts'
import { readTextFileSync } from './text-file.ts'

/** A source of setting values. */
export interface ValueSource {
  env: Record<string, string | undefined>
  /** Reads the file that `NAME_FILE` names. */
  readFile?: (path: string) => string
  /** Faults found before, such as a provider's file that cannot be loaded. */
  faults?: readonly string[]
}

/** An error with all faults of the settings, one line each. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(`Settings are missing or invalid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/** Explanations of Unix error codes for files that cannot be read. */
const UNREADABLE: Record<string, string> = {
  ENOENT: 'the file does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'this user has no permission to read it',
  ENOTDIR: 'a part of the path is not a folder',
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

/** Creates a reader that reads settings by their schemas and collects their faults. */
export const createReader = ({ env, readFile = readTextFileSync, faults: known = [] }: ValueSource) => {
  const faults = [...known]

  const readFrom = (name: string, path: string, { examples }: SettingSchema): string | undefined => {
    const file = `${name}_FILE`
    const example = ` For example: ${file}=/run/secrets/${name.toLowerCase().replaceAll('_', '-')}`
    try {
      const text = readFile(path).trim()
      if (text === '') faults.push(`${file} names an empty file: ${path}. Write into it: ${examples.join(',')}`)
      return text || undefined
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      faults.push(`${file} cannot be read: ${UNREADABLE[code ?? ''] ?? message}: ${path}.${example}`)
      return undefined
    }
  }

  const readRaw = (name: string, setting: SettingSchema): string | undefined => {
    const { secret, inFile = secret, examples, lowerCase } = setting
    const direct = (env[name] ?? (lowerCase ? env[name.toLowerCase()] : undefined))?.trim() || undefined
    const path = inFile ? env[`${name}_FILE`]?.trim() || undefined : undefined
    if (path === undefined) return direct
    if (direct !== undefined)
      faults.push(`${name} and ${name}_FILE are both set: remove one of them. For example: ${examples.join(',')}`)
    return readFrom(name, path, setting)
  }

  const read = (schemas: Record<string, TSchema>): Record<string, unknown> => {
    const values: Record<string, unknown> = {}
    for (const [name, schema] of Object.entries(schemas)) {
      const setting = schema as unknown as SettingSchema
      const raw = readRaw(name, setting)
      const value = raw === undefined ? setting.default : convert(raw, setting)
      if (value === undefined) continue
      values[name] = value
      const wrong =
        raw === undefined ? undefined : describeFault(schema, { raw, errors: () => Errors(schema, value)[1] })
      if (wrong) faults.push(`${name} ${wrong}. For example: ${setting.examples.join(',')}`)
    }
    return values
  }

  const missing = (name: string, schema: TSchema): void => {
    const { description, examples, secret } = schema as unknown as SettingSchema
    faults.push(
      `${name}${secret ? ` (or ${name}_FILE)` : ''} is missing: ${description} For example: ${examples.join(',')}`,
    )
  }

  /** Reports every `required` setting that is missing. */
  const demand = (schemas: Record<string, TSchema>, values: Record<string, unknown>): void => {
    for (const [name, schema] of Object.entries(schemas)) {
      const { required, insteadOf } = schema as unknown as SettingSchema
      const other = insteadOf === undefined ? undefined : values[insteadOf]
      if (required && values[name] === undefined && other === undefined) missing(name, schema)
    }
  }

  return { faults, read, missing, demand }
}
