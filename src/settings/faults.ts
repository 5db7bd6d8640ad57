import type { TSchema } from 'typebox'
import type { SettingSchema } from './schema.ts'

/** The parts of JSON Schema that our settings use. */
interface Rules {
  type?: string
  anyOf?: { const: string }[]
  pattern?: string
  minimum?: number
  maximum?: number
  items?: { pattern?: string }
}

/** What a value was read from, and what the validator finds in it, if it is asked. */
export interface Judged {
  raw: string
  errors: () => readonly { keyword: string; message: string }[]
}

const UNIT_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** What somebody meant who wrote `10m` where seconds, or days, are asked for. */
const withoutUnit = (raw: string, unit: string | undefined): string => {
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

/** What a value must be, as the end of a sentence that begins with the setting's name. */
const demandOf = (schema: Rules & SettingSchema, raw: string, keyword: string): string | undefined => {
  const { type, anyOf, unit, form, pattern = schema.items?.pattern, description } = schema
  if (anyOf) return `must be one of ${anyOf.map((choice) => choice.const).join(', ')}`
  if (type === 'boolean') return 'must be true or false'
  if (type === 'integer')
    return `must be a whole number${unit ? ` of ${unit}` : ''}${rangeOf(schema)}${withoutUnit(raw, unit)}`
  if (keyword !== 'pattern') return undefined
  if (form) return `must be ${form}`
  return `must match ${pattern} (${description.replace(/\.$/, '')})`
}

/**
 * What is wrong with a value, as the end of a sentence that begins with the setting's name; undefined for nothing. A
 * secret is not shown.
 */
export const wrongValue = (schema: TSchema, { raw, errors }: Judged): string | undefined => {
  const setting = schema as Rules & SettingSchema
  const shown = setting.secret ? '' : `, not "${raw}"`
  // Docker's --env-file, and systemd with some of them, hand quotes on as a part of the value.
  if (/^(["'`]).*\1$/s.test(raw)) return 'has quotes around it, which are taken for a part of it: remove them'
  const [error] = errors()
  return error && `${demandOf(setting, raw, error.keyword) ?? error.message}${shown}`
}
