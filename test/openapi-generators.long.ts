import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { FetchingJSONSchemaStore, InputData, JSONSchemaInput, quicktype } from 'quicktype-core'
import t from 'tap'

const DOCUMENT = readFileSync('openapi/openapi.json', 'utf8')

interface PostmanItem {
  name: string
  item?: PostmanItem[]
  request?: { method: string; url: { path: string[] }; body?: { raw: string }; auth?: { type: string } | null }
}

interface PostmanResult {
  result: boolean
  reason?: string
  output: { data: { item: PostmanItem[]; variable: { key: string; value: string }[] } }[]
}

const require = createRequire(import.meta.url)

/** The package has no type declarations. */
const postman: {
  convertV2: (
    input: { type: 'string'; data: string },
    options: object,
    done: (error: Error | null, result: PostmanResult) => void,
  ) => void
} = require('openapi-to-postmanv2')

const requestsIn = (items: PostmanItem[]): NonNullable<PostmanItem['request']>[] =>
  items.flatMap(({ item = [], request }) => [...(request ? [request] : []), ...requestsIn(item)])

t.test('imports the document into Postman as a collection with valid request bodies', async (t) => {
  const convert = promisify(postman.convertV2)
  const { result, reason, output } = await convert(
    { type: 'string', data: DOCUMENT },
    { parametersResolution: 'Example' },
  )
  t.ok(result, reason ?? 'it is accepted')
  const { item, variable } = output[0]!.data
  const requests = requestsIn(item)
  const operations = Object.values<object>(JSON.parse(DOCUMENT).paths).flatMap((methods) => Object.keys(methods))
  t.equal(requests.length, operations.length, 'the collection has every operation')
  t.match(variable, [{ key: 'baseUrl', value: 'https://auth.example.com' }])
  const at = (path: string) => requests.find(({ url }) => url.path.join('/') === path)!
  t.strictSame(JSON.parse(at('login').body!.raw), { username: 'demo', password: 'let me in please' })
  t.strictSame(Object.keys(JSON.parse(at('verify').body!.raw)), ['pending_token', 'code'])
  t.equal(at('me').auth?.type, 'bearer', 'the request has its token')
  t.equal(at('login').auth?.type ?? 'noauth', 'noauth')
})

/** Generates the types of all named schemas in a language. */
const typesIn = async (lang: 'swift' | 'kotlin') => {
  const { components } = JSON.parse(DOCUMENT)
  const names = Object.keys(components.schemas)
  const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/schemas/${name}` }]))
  const input = new JSONSchemaInput(new FetchingJSONSchemaStore())
  await input.addSource({ name: 'Everything', schema: JSON.stringify({ type: 'object', properties, components }) })
  const inputData = new InputData()
  inputData.addInput(input)
  return (await quicktype({ inputData, lang })).lines.join('\n')
}

t.test('generates Swift and Kotlin types with quicktype, under the names in the document', async (t) => {
  const swift = await typesIn('swift')
  const kotlin = await typesIn('kotlin')
  for (const name of ['Grant', 'LoginRequest', 'VerifyRequest', 'Session', 'Delivery', 'InvalidCodeProblem']) {
    t.match(swift, new RegExp(`struct ${name}: Codable \\{`), name)
    t.match(kotlin, new RegExp(`data class ${name} ?\\(`), name)
  }
  t.match(
    swift,
    /struct InvalidCodeProblem: Codable \{[^}]*let attemptsLeft: Int\n/,
    'a required member is not optional',
  )
  t.match(swift, /struct ForbiddenProblem: Codable \{[^}]*let detail: String\?/, 'an optional member is optional')
})
