import type { TSchema } from 'typebox'
import type { SettingSchema } from './schema.ts'

/** The keywords of JSON Schema that the settings use. */
interface Rules {
  type?: string
  anyOf?: { const: string }[]
  pattern?: string
  minimum?: number
  maximum?: number
  items?: { pattern?: string }
}

/** A raw value, and a function that validates it. */
export interface RawValue {
  raw: string
  errors: () => readonly { keyword: string; message: string }[]
}

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Returns a hint for a value with a unit, such as `10m` where seconds or days are expected; otherwise an empty string. */
const unitHint = (raw: string, unit: string | undefined): string => {
  const [, amount, letter] = /^(\d{1,6}) ?([smhd])[a-z]*$/.exec(raw) ?? []
  const base = { seconds: 1, days: 86_400 }[unit ?? '']
  if (!amount || !letter || !base) return ''
  const meant = (Number(amount) * UNIT_SECONDS[letter]!) / base
  return Number.isInteger(meant) ? `; write ${raw} as ${meant}` : ''
}

const rangeOf = ({ minimum, maximum }: Rules): string => {
  if (minimum === undefined) return maximum === undefined ? '' : ` up to ${maximum}`
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`
}

/** Returns the required form of a value, as the end of a sentence that begins with the setting's name. */
const requirementOf = (schema: Rules & SettingSchema, raw: string, keyword: string): string | undefined => {
  const { type, anyOf, unit, form, pattern = schema.items?.pattern, description } = schema
  if (anyOf) return `must be one of ${anyOf.map((choice) => choice.const).join(', ')}`
  if (type === 'boolean') return 'must be true or false'
  if (type === 'integer')
    return `must be a whole number${unit ? ` of ${unit}` : ''}${rangeOf(schema)}${unitHint(raw, unit)}`
  if (keyword !== 'pattern') return undefined
  if (form) return `must be ${form}`
  return `must match ${pattern} (${description.replace(/\.$/, '')})`
}

/**
 * Returns the fault of a value, as the end of a sentence that begins with the setting's name; undefined for a valid value.
 * Secrets are not shown.
 */
export const describeFault = (schema: TSchema, { raw, errors }: RawValue): string | undefined => {
  const setting = schema as Rules & SettingSchema
  const shown = setting.secret ? '' : `, not "${raw}"`
  // Docker's --env-file, and systemd in some cases, keep quotes as part of the value.
  if (/^(["'`]).*\1$/s.test(raw)) return 'has quotes around it, which count as part of the value: remove them'
  const [error] = errors()
  return error && `${requirementOf(setting, raw, error.keyword) ?? error.message}${shown}`
}
