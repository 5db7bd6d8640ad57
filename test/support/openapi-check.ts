import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { PROBLEMS, type ProblemCode } from '../../src/errors.ts'

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

/** As much of an OpenAPI document as is looked at here. */
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>
}

const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }))
const validators = new WeakMap<object, ReturnType<typeof ajv.compile>>()

const validatorFor = (schema: object) => {
  const known = validators.get(schema)
  if (known) return known
  const made = ajv.compile(schema)
  validators.set(schema, made)
  return made
}

const HEADERS = ['cache-control', 'x-content-type-options', 'referrer-policy', 'x-request-id']

/** The headers that a problem of this status owes its reader. */
const OWED: Record<number, string> = { 401: 'www-authenticate', 405: 'allow', 429: 'retry-after', 503: 'retry-after' }

/** The path as the document has it, where one part of it may stand for any. */
const templateOf = (document: ApiDocument, path: string): string => {
  if (document.paths[path]) return path
  const parts = path.split('/')
  const fits = (template: string) => {
    const wanted = template.split('/')
    return wanted.length === parts.length && wanted.every((part, at) => part.startsWith('{') || part === parts[at])
  }
  return Object.keys(document.paths).find(fits) ?? path
}

/** What an answer does that the OpenAPI document or the contract does not promise; undefined when it keeps both. */
export const checkAnswer = (
  document: ApiDocument,
  request: InjectOptions,
  response: LightMyRequestResponse,
): string | undefined => {
  const { statusCode, headers } = response
  const path = String(request.url).split('?')[0]!
  const where = `${request.method} ${path} → ${statusCode}`
  for (const header of HEADERS) if (!headers[header]) return `${where} lacks ${header}`

  if (statusCode >= 400) {
    if (!String(headers['content-type']).startsWith('application/problem+json')) return `${where} is no problem+json`
    const body = response.json()
    const known = PROBLEMS[body.code as ProblemCode]
    if (!known || known.status !== statusCode || body.status !== statusCode)
      return `${where} has a code of another status`
    if (body.instance !== headers['x-request-id']) return `${where} has another instance than X-Request-Id`
    const owed = OWED[statusCode]
    if (owed && !headers[owed]) return `${where} lacks ${owed}`
    if (body.retry_after !== undefined && String(body.retry_after) !== headers['retry-after'])
      return `${where}: retry_after differs`
  }

  const template = templateOf(document, path)
  const operation = document.paths[template]?.[String(request.method).toLowerCase()]
  // Unknown paths and wrong methods have no operation of their own.
  if (!operation || statusCode === 204) return undefined
  const described = operation.responses[String(statusCode)]
  if (!described) return `${where} is not documented`
  const [content] = Object.entries(described.content ?? {})
  if (!content || !String(headers['content-type']).startsWith(content[0]))
    return `${where} has another media type than documented`
  const validate = validatorFor(content[1].schema)
  return validate(response.json()) ? undefined : `${where}: ${ajv.errorsText(validate.errors)}`
}
