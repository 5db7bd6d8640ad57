import { Type } from 'typebox'

/** A time span with its default and its limits. */
export const seconds = (options: { default: number; minimum: number; maximum: number; description: string }) =>
  Type.Integer({ ...options, examples: [options.default], unit: 'seconds' })

/** Values with commas between them, each of one pattern, whose form `form` says in words. */
export const list = (options: {
  description: string
  examples: string[]
  default?: string[]
  pattern?: string
  form?: string
  lowerCase?: boolean
}) => {
  const { pattern, ...rest } = options
  return Type.Array(Type.String(pattern ? { pattern } : {}), rest)
}
