import type { TSchema } from 'typebox'
import { Errors } from 'typebox/schema'
import { wrongValue } from './faults.ts'
import type { SettingSchema } from './schema.ts'
import { readTextFileSync } from './text-file.ts'

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

/** Why a file cannot be read, for those who do not know the codes of Unix. */
const UNREADABLE: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  ENOTDIR: 'the path leads through a file',
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
export const createReader = ({ env, readFile = readTextFileSync, faults: known = [] }: ValueSource) => {
  const faults = [...known]

  const readFrom = (name: string, path: string, { examples }: SettingSchema): string | undefined => {
    const file = `${name}_FILE`
    const example = ` For example: ${file}=/run/secrets/${name.toLowerCase().replaceAll('_', '-')}`
    try {
      const text = readFile(path).trim()
      if (text === '') faults.push(`${file} names a file with nothing in it: ${path}. Put in it: ${examples.join(',')}`)
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
      const wrong = raw === undefined ? undefined : wrongValue(schema, { raw, errors: () => Errors(schema, value)[1] })
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
