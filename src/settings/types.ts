import { Type } from 'typebox'

/** Creates the schema of a time span in seconds, with its default and limits. */
export const seconds = (options: { default: number; minimum: number; maximum: number; description: string }) =>
  Type.Integer({ ...options, examples: [options.default], unit: 'seconds' })

/**
 * Creates the schema of a request URL: https, or http to this machine. `end` is the pattern of the part after the host.
 * URLs with credentials do not match, because the HTTP client refuses them.
 */
export const requestUrl = (end: string, options: { form: string; description: string; examples: string[] }) =>
  Type.String({
    pattern: `^(?:https://[^\\s/?#@\\\\]+|http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\])(?::\\d{1,5})?)${end}$`,
    ...options,
  })

/** Creates the schema of a comma-separated list whose items match one pattern; `form` describes that pattern. */
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
