import { readFileSync } from 'node:fs'
import t from 'tap'
import { describeAdminApi, describeApi } from '../openapi/describe.ts'
import { PROBLEM_CODES } from '../src/errors.ts'

t.test('the committed documents are what the routes say', async (t) => {
  t.equal(readFileSync('openapi/openapi.json', 'utf8') === (await describeApi()), true, 'else run: npm run openapi')
  t.equal(readFileSync('openapi/admin.json', 'utf8') === (await describeAdminApi()), true, 'else run: npm run openapi')
})

const hasExample = (content: unknown) => JSON.stringify(content ?? {}).includes('"example')

t.test('each operation has an id, a summary, and an example of what it takes and gives', async (t) => {
  const paths = [await describeApi(), await describeAdminApi()].flatMap((document) =>
    Object.entries<Record<string, never>>(JSON.parse(document).paths),
  )
  const ids = new Set<string>()
  for (const [path, operations] of paths) {
    for (const [method, operation] of Object.entries<{
      operationId: string
      summary: string
      requestBody?: {
        content: Record<string, { schema: { examples?: unknown[] }; examples?: object; example?: unknown }>
      }
      responses: Record<
        string,
        { content: Record<string, { schema: { properties: { code: { enum: string[] } } }; examples?: object }> }
      >
    }>(operations)) {
      t.ok(operation.operationId && operation.summary, `${method} ${path}`)
      t.notOk(ids.has(operation.operationId), 'ids are unique')
      ids.add(operation.operationId)
      if (operation.requestBody) t.ok(hasExample(operation.requestBody.content['application/json']), 'of what it takes')
      const given = operation.responses['200'] ?? operation.responses['201'] ?? operation.responses['204']
      t.ok(given && (!given.content || hasExample(given.content['application/json'])), 'of what it gives')
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const problem = content?.['application/problem+json']
        if (Number(status) < 400) continue
        const codes = problem?.schema.properties.code.enum ?? []
        t.ok(
          codes.length > 0 && codes.every((code) => PROBLEM_CODES.includes(code as never)),
          `${path} ${status} names its codes`,
        )
        t.strictSame(Object.keys(problem?.examples ?? {}), codes)
      }
    }
  }
})
