import { Type } from 'typebox'

/** A time span with its default and its limits. */
export const seconds = (options: { default: number; minimum: number; maximum: number; description: string }) =>
  Type.Integer({ ...options, examples: [options.default], unit: 'seconds' })

/**
 * An address that requests go to: https, or http to this machine alone. `end` is the pattern of what may follow the host.
 * A request with credentials in its address would never leave.
 */
export const requestUrl = (end: string, options: { form: string; description: string; examples: string[] }) =>
  Type.String({
    pattern: `^(?:https://[^\\s/?#@\\\\]+|http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\])(?::\\d{1,5})?)${end}$`,
    ...options,
  })

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
