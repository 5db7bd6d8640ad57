import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { PROBLEMS, type ProblemCode } from '../../src/errors.ts'

interface Response {
  $ref?: string
  content?: Record<string, { schema: object }>
}

interface Operation {
  responses: Record<string, Response>
}

/** The parts of an OpenAPI document that are checked here. */
export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>
}

type Part = Record<string, unknown>

const namesIn = (ref: string) => ref.split('/').slice(1)

const partAt = (document: object, path: string[]): unknown =>
  path.reduce((part, name) => (part as Part)[name], document as unknown)

/** Returns the document with every reference replaced by its target. */
export const withoutReferences = <T extends object>(document: T): T => {
  const expand = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part
    if (Array.isArray(part)) return part.map(expand)
    const { $ref: ref, ...rest } = part as { $ref?: string }
    const own = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, expand(value)]))
    return ref === undefined ? own : { ...(expand(partAt(document, namesIn(ref))) as object), ...own }
  }
  return expand(document) as T
}

/** Returns the document without additional members. Clients must accept new members, but our tests must not. */
const closed = (part: unknown): unknown => {
  if (typeof part !== 'object' || part === null) return part
  if (Array.isArray(part)) return part.map(closed)
  const all: Part = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]))
  return all['type'] === 'object' && all['properties'] ? { additionalProperties: false, ...all } : all
}

/** Returns the validators of a document's responses, by the path of their schemas. */
const validatorsOf = (document: ApiDocument) => {
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true, validateSchema: false }))
  ajv.addSchema(closed(document) as object, 'document')
  return (path: string[]) => {
    const pointer = path.map((name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    return ajv.getSchema(`document#/${pointer}`)!
  }
}

const validators = new WeakMap<ApiDocument, ReturnType<typeof validatorsOf>>()

const HEADERS = ['cache-control', 'x-content-type-options', 'referrer-policy', 'x-request-id']

/** The header that a problem of each status must have. */
const REQUIRED_HEADER: Record<number, string> = {
  401: 'www-authenticate',
  405: 'allow',
  429: 'retry-after',
  503: 'retry-after',
}

/** Returns the path template of the document that matches a path. */
const templateOf = (document: ApiDocument, path: string): string => {
  if (document.paths[path]) return path
  const parts = path.split('/')
  const fits = (template: string) => {
    const wanted = template.split('/')
    return wanted.length === parts.length && wanted.every((part, at) => part.startsWith('{') || part === parts[at])
  }
  return Object.keys(document.paths).find(fits) ?? path
}

/** Returns the first violation of the OpenAPI document or the contract by a response, or undefined. */
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
    if (!String(headers['content-type']).startsWith('application/problem+json')) return `${where} is not problem+json`
    const body = response.json()
    const known = PROBLEMS[body.code as ProblemCode]
    if (!known || known.status !== statusCode || body.status !== statusCode)
      return `${where} has a code of another status`
    if (body.instance !== headers['x-request-id']) return `${where} has another instance than X-Request-Id`
    const required = REQUIRED_HEADER[statusCode]
    if (required && !headers[required]) return `${where} lacks ${required}`
    if (body.retry_after !== undefined && String(body.retry_after) !== headers['retry-after'])
      return `${where}: retry_after differs`
  }

  const template = templateOf(document, path)
  const method = String(request.method).toLowerCase()
  const operation = document.paths[template]?.[method]
  // Unknown paths and wrong methods have no operation.
  if (!operation || statusCode === 204) return undefined
  const described = operation.responses[statusCode]
  if (!described) return `${where} is not documented`
  const place = described.$ref ? namesIn(described.$ref) : ['paths', template, method, 'responses', `${statusCode}`]
  const types = Object.keys((partAt(document, place) as Response).content ?? {})
  const type = types.find((one) => String(headers['content-type']).startsWith(one))
  if (!type) return `${where} has another media type than documented`
  const validatorAt = validators.get(document) ?? validatorsOf(document)
  validators.set(document, validatorAt)
  if (!type.endsWith('json')) return undefined
  const validate = validatorAt([...place, 'content', type, 'schema'])
  if (validate(response.json())) return undefined
  return `${where}: ${(validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join(', ')}`
}
