import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
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

/** It has no types of its own. */
const postman: {
  convertV2: (
    input: { type: 'string'; data: string },
    options: object,
    done: (error: Error | null, result: PostmanResult) => void,
  ) => void
} = require('openapi-to-postmanv2')

const requestsIn = (items: PostmanItem[]): NonNullable<PostmanItem['request']>[] =>
  items.flatMap(({ item = [], request }) => [...(request ? [request] : []), ...requestsIn(item)])

t.test('Postman makes a collection of the document, whose requests have bodies that can be sent', async (t) => {
  const convert = promisify(postman.convertV2)
  const { result, reason, output } = await convert(
    { type: 'string', data: DOCUMENT },
    { parametersResolution: 'Example' },
  )
  t.ok(result, reason ?? 'it is accepted')
  const { item, variable } = output[0]!.data
  const requests = requestsIn(item)
  const operations = Object.values<object>(JSON.parse(DOCUMENT).paths).flatMap((methods) => Object.keys(methods))
  t.equal(requests.length, operations.length, 'each operation is there')
  t.match(variable, [{ key: 'baseUrl', value: 'https://auth.example.com' }])
  const at = (path: string) => requests.find(({ url }) => url.path.join('/') === path)!
  t.strictSame(JSON.parse(at('login').body!.raw), { username: 'demo', password: 'let me in please' })
  t.strictSame(Object.keys(JSON.parse(at('verify').body!.raw)), ['pending_token', 'code'])
  t.equal(at('me').auth?.type, 'bearer', 'and its token')
  t.equal(at('login').auth?.type ?? 'noauth', 'noauth')
})
