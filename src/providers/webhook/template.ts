import type { CodeMessage } from '../../core/delivery/ports.ts'
import type { HttpRequest } from '../../http-client/client.ts'

/** What a placeholder may stand for. */
const PLACEHOLDERS = ['to', 'to_digits', 'text', 'code', 'locale', 'send_id'] as const

/** One placeholder's name. */
export type Placeholder = (typeof PLACEHOLDERS)[number]

/** What each placeholder stands for in one message. */
export type Values = Readonly<Record<Placeholder, string>>

/** How a body is written. */
export type Format = 'json' | 'form'

/** A template that was checked: the placeholders it has, and the way to fill them. */
export interface Template<T> {
  used: ReadonlySet<Placeholder>
  fill: (values: Values) => T
}

/** The values of a message. */
export const valuesOf = ({ to, text, code, locale, sendId }: CodeMessage): Values => ({
  to,
  to_digits: to.slice(1),
  text,
  code,
  locale,
  send_id: sendId,
})

const PLACEHOLDER = /\{([a-z_]+)\}/g

/** What was meant as a placeholder, to all appearances: `{SendId}`, `{ to }`, `{{to}}`. */
const MEANT = /\{\{\s*[A-Za-z][\w.-]*\s*\}\}|\{\s*[A-Za-z][\w.-]*\s*\}/g

const isPlaceholder = (name: string): name is Placeholder => (PLACEHOLDERS as readonly string[]).includes(name)

/** Notes the placeholders of a text. Throws for one that there is not. */
const note = (setting: string, text: string, used: Set<Placeholder>): void => {
  for (const [whole] of text.matchAll(MEANT)) {
    const name = whole.slice(1, -1)
    if (!isPlaceholder(name)) {
      const known = PLACEHOLDERS.map((placeholder) => `{${placeholder}}`).join(', ')
      throw new Error(`${setting} has ${whole}, which stands for nothing; there are ${known}. For example: {to}`)
    }
    used.add(name)
  }
}

/** Whether a placeholder stands in a text. */
export const hasPlaceholder = (text: string): boolean =>
  [...text.matchAll(PLACEHOLDER)].some(([, name]) => isPlaceholder(name!))

/** Fills a text in one pass, so that what a value holds is never taken for a placeholder. */
const fillText = (text: string, values: Values): string =>
  text.replaceAll(PLACEHOLDER, (_, name: Placeholder) => values[name])

/** Applies `change` to every string of a JSON value, names of members included. */
const mapStrings = (value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapStrings(item, change)]))
  }
  return value
}

/** An address whose values are percent-encoded, so that none can leave its place. */
export const compileUrl = (template: string): Template<string> => {
  const used = new Set<Placeholder>()
  note('WEBHOOK_URL', template, used)
  return {
    used,
    // Half a surrogate pair has no encoding, and would throw.
    fill: (values) =>
      template.replaceAll(PLACEHOLDER, (_, name: Placeholder) => encodeURIComponent(values[name].toWellFormed())),
  }
}

/**
 * A body that is parsed before it is filled: values stand inside strings of JSON or fields of a form and cannot break
 * out, whatever they hold. Throws for what cannot be parsed.
 */
export const compileBody = (template: string, format: Format): Template<Pick<HttpRequest, 'json' | 'form'>> => {
  const used = new Set<Placeholder>()
  if (format === 'form') {
    // The default of the setting is JSON, and would be the name of one odd field.
    if (template.startsWith('{"') || !template.split('&').every((field) => field.includes('='))) {
      throw new Error(
        'WEBHOOK_BODY is no list of fields, and WEBHOOK_FORMAT is form. For example: to={to}&message={text}',
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
    throw new Error('WEBHOOK_BODY is no JSON, and WEBHOOK_FORMAT is json. For example: {"to":"{to}","text":"{text}"}')
  }
  mapStrings(json, (text) => {
    note('WEBHOOK_BODY', text, used)
    return text
  })
  return { used, fill: (values) => ({ json: mapStrings(json, (text) => fillText(text, values)) }) }
}
