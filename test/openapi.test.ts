import { readFileSync } from 'node:fs'
import t from 'tap'
import { describeAdminApi, describeApi } from '../openapi/describe.ts'
import { PROBLEM_CODES, PROBLEMS } from '../src/errors.ts'
import { createSchemaNames } from '../src/http/openapi/schemas.ts'
import { withoutReferences } from './support/openapi-check.ts'

interface Schema {
  $ref?: string
  description?: string
  type?: string | string[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  oneOf?: Schema[]
  anyOf?: Schema[]
  discriminator?: { propertyName: string; mapping: Record<string, string> }
  examples?: unknown[]
}

interface Media {
  schema: Schema
  example?: unknown
  examples?: Record<string, { value: unknown }>
}

interface Operation {
  operationId: string
  summary: string
  description?: string
  tags: string[]
  parameters?: { name: string; description?: string; example?: unknown; schema: Schema }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; headers?: object; content?: Record<string, Media> }>
}

interface Document {
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, object>> & { schemas: Record<string, Schema> }
}

const DOCUMENTS = { 'openapi.json': await describeApi(), 'admin.json': await describeAdminApi() }

const documents = Object.values(DOCUMENTS).map((text) => JSON.parse(text) as Document)
const [api] = documents as [Document, Document]

const operationsOf = (document: Document) =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ where: `${method} ${path}`, operation })),
  )

t.test('matches the documents that the routes generate', async (t) => {
  for (const [name, made] of Object.entries(DOCUMENTS)) {
    t.ok(readFileSync(`openapi/${name}`, 'utf8') === made, `${name} is stale: run npm run openapi`)
  }
})

t.test('uses every named component, and defines every component it uses', async (t) => {
  for (const document of documents) {
    const used = new Set(
      [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, name]) => name),
    )
    const { securitySchemes: _, ...parts } = document.components
    const named = Object.entries(parts).flatMap(([kind, all]) => Object.keys(all).map((name) => `${kind}/${name}`))
    t.strictSame([...used].sort(), named.sort())
  }
})

t.test('names every object schema, so that generated types have good names', async (t) => {
  const nameless = (schema: Schema | undefined, isNamed: boolean): boolean => {
    if (!schema || schema.$ref) return false
    const inner = [...Object.values(schema.properties ?? {}), schema.items, ...(schema.oneOf ?? schema.anyOf ?? [])]
    return (!isNamed && schema.properties !== undefined) || inner.some((one) => nameless(one, false))
  }
  for (const document of documents) {
    for (const [name, schema] of Object.entries(document.components.schemas)) t.notOk(nameless(schema, true), name)
    for (const { where, operation } of operationsOf(document)) {
      const taken = Object.values(operation.requestBody?.content ?? {})
      const given = Object.values(operation.responses).flatMap(({ content }) => Object.values(content ?? {}))
      for (const { schema } of [...taken, ...given]) t.notOk(nameless(schema, false), where)
    }
  }
})

t.test('refuses two different schemas with one name', async (t) => {
  const names = createSchemaNames()
  names.place({ title: 'Thing', type: 'string', description: 'One.' })
  t.strictSame(names.place({ title: 'Thing', type: 'string', description: 'Another.' }), {
    $ref: '#/components/schemas/Thing',
    description: 'Another.',
  })
  t.throws(() => names.place({ title: 'Thing', type: 'integer' }), /two different schemas have the title Thing/)
})

t.test('gives every operation an id, a summary, a known tag and examples', async (t) => {
  const ids = new Set<string>()
  for (const document of documents.map(withoutReferences)) {
    for (const { where, operation } of operationsOf(document)) {
      t.ok(operation.operationId && operation.summary && operation.description, where)
      t.notOk(ids.has(operation.operationId), 'the id is unique')
      ids.add(operation.operationId)
      t.ok(
        operation.tags.every((tag) => document.tags.some(({ name }) => name === tag)),
        'the tag is described',
      )
      for (const { name, description, schema, example } of operation.parameters ?? []) {
        t.ok(description && (example !== undefined || schema.examples), `${where} ${name}`)
      }
      const hasExample = ({ schema, example, examples }: Media) =>
        example !== undefined || examples !== undefined || JSON.stringify(schema).includes('"examples"')
      for (const media of Object.values(operation.requestBody?.content ?? {}))
        t.ok(hasExample(media), 'the request body has an example')
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const given = content?.['application/json']
        if (Number(status) < 300 && given) t.ok(hasExample(given), 'the response has an example')
      }
    }
  }
})

t.test('describes every member, and gives every scalar member an example', async (t) => {
  for (const document of documents) {
    for (const [name, { properties = {}, description }] of Object.entries(document.components.schemas)) {
      t.ok(description, `${name} is described`)
      for (const [member, schema] of Object.entries(properties)) {
        const { $ref } = schema
        const whole = { ...($ref && document.components.schemas[$ref.split('/').at(-1)!]), ...schema } as Schema
        t.ok(whole.description, `${name}.${member} is described`)
        if (whole.const === undefined && !whole.properties && !whole.items) {
          t.ok(whole.examples, `${name}.${member} has an example`)
        }
      }
    }
  }
})

t.test('gives every problem of an operation its own schema, discriminated by `code`', async (t) => {
  for (const document of documents) {
    for (const { where, operation } of operationsOf(withoutReferences(document))) {
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue
        const { schema, examples = {} } = content?.['application/problem+json'] ?? { schema: {} }
        const kinds = schema.oneOf ?? [schema]
        const codes = kinds.map(({ properties }) => properties?.['code']?.const)
        t.ok(codes.length > 0 && codes.every((code) => PROBLEM_CODES.includes(code as never)), `${where} ${status}`)
        t.ok(kinds.every(({ properties }) => properties?.['status']?.const === Number(status)))
        t.strictSame(Object.keys(examples), codes, 'each problem has its example')
        if (schema.oneOf) t.strictSame(Object.keys(schema.discriminator?.mapping ?? {}), codes)
      }
    }
  }
})

t.test('requires `retry_after` in every problem with status 429 or 503, and in no other', async (t) => {
  for (const { properties, required } of Object.values(api.components.schemas)) {
    const code = properties?.['code']?.const as keyof typeof PROBLEMS | undefined
    if (!code || !(code in PROBLEMS)) continue
    const waits = PROBLEMS[code].status === 429 || PROBLEMS[code].status === 503
    t.equal(required?.includes('retry_after') ?? false, waits, code)
  }
})
