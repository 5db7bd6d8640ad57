import type { CodeMessage } from '../../core/delivery/ports.ts'
import type { HttpRequest } from '../../http-client/client.ts'

/** The names of the placeholders. */
const PLACEHOLDERS = ['to', 'to_digits', 'text', 'code', 'locale', 'send_id'] as const

/** The name of a placeholder. */
export type Placeholder = (typeof PLACEHOLDERS)[number]

/** The values of the placeholders for one message. */
export type Values = Readonly<Record<Placeholder, string>>

/** The format of a body. */
export type Format = 'json' | 'form'

/** A validated template: its placeholders, and the function that fills them. */
export interface Template<T> {
  used: ReadonlySet<Placeholder>
  fill: (values: Values) => T
}

/** Returns the placeholders' values for a message. */
export const valuesOf = ({ to, text, code, locale, sendId }: CodeMessage): Values => ({
  to,
  to_digits: to.slice(1),
  text,
  code,
  locale,
  send_id: sendId,
})

const PLACEHOLDER = /\{([a-z_]+)\}/g

/** Matches text that was probably meant as a placeholder: `{SendId}`, `{ to }`, `{{to}}`. */
const MEANT = /\{\{\s*[A-Za-z][\w.-]*\s*\}\}|\{\s*[A-Za-z][\w.-]*\s*\}/g

const isPlaceholder = (name: string): name is Placeholder => (PLACEHOLDERS as readonly string[]).includes(name)

/** Adds the placeholders of a text to `used`. Throws for an unknown one. */
const note = (setting: string, text: string, used: Set<Placeholder>): void => {
  for (const [whole] of text.matchAll(MEANT)) {
    const name = whole.slice(1, -1)
    if (!isPlaceholder(name)) {
      const known = PLACEHOLDERS.map((placeholder) => `{${placeholder}}`).join(', ')
      throw new Error(`${setting} has the unknown placeholder ${whole}. Use ${known}. For example: {to}`)
    }
    used.add(name)
  }
}

/** Returns true if a text has a placeholder. */
export const hasPlaceholder = (text: string): boolean =>
  [...text.matchAll(PLACEHOLDER)].some(([, name]) => isPlaceholder(name!))

/** Fills a text in one pass, so that values are never read as placeholders. */
const fillText = (text: string, values: Values): string =>
  text.replaceAll(PLACEHOLDER, (_, name: Placeholder) => values[name])

/** Applies `change` to every string of a JSON value, including member names. */
const mapStrings = (value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapStrings(item, change)]))
  }
  return value
}

/** Compiles a URL template. Values are percent-encoded, so that none changes the structure of the URL. */
export const compileUrl = (template: string): Template<string> => {
  const used = new Set<Placeholder>()
  note('WEBHOOK_URL', template, used)
  return {
    used,
    // A lone surrogate has no encoding and would throw.
    fill: (values) =>
      template.replaceAll(PLACEHOLDER, (_, name: Placeholder) => encodeURIComponent(values[name].toWellFormed())),
  }
}

/**
 * Compiles a body template, which is parsed before it is filled. Values are inside JSON strings or form fields, so that
 * none changes the structure. Throws for a template that cannot be parsed.
 */
export const compileBody = (template: string, format: Format): Template<Pick<HttpRequest, 'json' | 'form'>> => {
  const used = new Set<Placeholder>()
  if (format === 'form') {
    // A JSON template, such as the default, would be read as one odd field.
    if (template.startsWith('{"') || !template.split('&').every((field) => field.includes('='))) {
      throw new Error(
        'WEBHOOK_BODY is not a list of fields, but WEBHOOK_FORMAT is form. For example: to={to}&message={text}',
      )
    }
    const fields = [...new URLSearchParams(template)]
    for (const field of fields) for (const part of field) note('WEBHOOK_BODY', part, used)
    return {
      used,
      fill: (values) => ({
        form: fields.map(([name, value]) => [fillText(name, values), fillText(value, values)] as const),
      }),
    }
  }
  let json: unknown
  try {
    json = JSON.parse(template)
  } catch {
    throw new Error('WEBHOOK_BODY is not JSON, but WEBHOOK_FORMAT is json. For example: {"to":"{to}","text":"{text}"}')
  }
  mapStrings(json, (text) => {
    note('WEBHOOK_BODY', text, used)
    return text
  })
  return { used, fill: (values) => ({ json: mapStrings(json, (text) => fillText(text, values)) }) }
}
