import fc from 'fast-check'
import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { createWorld, PASSWORD, type TestProvider } from '../support/app.ts'
import { secretsIn } from '../support/log-search.ts'
import { type ApiDocument, checkAnswer } from '../support/openapi-check.ts'
import { digestTables } from '../support/table-digest.ts'

/** Requests to each operation. */
const CASES = 40

/** Raise it to see others; a failure names it, and the path to its smallest case. */
const SEED = 20_260_101

/** Tables that are written whenever somebody is refused: they are what a refusal is for. */
const RECORDS = ['audit_events', 'events', 'password_attempts']

interface Schema {
  type?: string
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  pattern?: string
  minLength?: number
  maxLength?: number
  examples?: unknown[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
}

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  schema: Schema
}

interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
}

/** Text that has broken somebody's parser, database, log or screen. */
const ODD_TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '\udc00\ud800',
    '\ufffe',
    '\u202e\u2066',
    'İıßẞﬀ',
    '%00',
    '%s%n',
    '../../etc/passwd',
    "' OR 1=1--",
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    'NaN',
    '-0',
    '1e309',
    '0x10',
    '١٢٣٤٥٦',
    '１２３４５６',
    '{{7*7}}',
    'a\r\nSet-Cookie: a=b',
  ),
  fc.integer({ min: 1, max: 9_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 1, max: 2_500 }).map((length) => '😀'.repeat(length)),
)

/** Anything that JSON can say. */
const ODD_VALUE = fc.oneof(
  { weight: 4, arbitrary: ODD_TEXT },
  fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, 123_456, [], {}, [[]], [null]),
  fc.jsonValue({ maxDepth: 3 }),
  fc.integer({ min: 2, max: 2_000 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
  fc.dictionary(ODD_TEXT, fc.constantFrom(1, 'x'), { maxKeys: 5 }),
)

/** What a schema allows, more or less. */
const arbitraryOf = (schema: Schema): fc.Arbitrary<unknown> => {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(arbitraryOf))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.type === 'object') {
    const members = Object.entries(schema.properties ?? {}).map(
      ([name, member]) => [name, arbitraryOf(member)] as const,
    )
    const required = schema.required ?? []
    return fc.record(Object.fromEntries(members), { requiredKeys: required, noNullPrototype: true })
  }
  if (schema.type === 'array') return fc.array(arbitraryOf(schema.items ?? {}), { maxLength: 3 })
  if (schema.type === 'integer' || schema.type === 'number') return fc.integer()
  if (schema.type === 'boolean') return fc.boolean()
  const { minLength = 0, maxLength = 40 } = schema
  const length = { minLength, maxLength: Math.min(maxLength, minLength + 60) }
  // Properties of characters are more than its generator of matches knows.
  const made =
    schema.pattern && !schema.pattern.includes('\\p')
      ? fc.stringMatching(new RegExp(schema.pattern), { maxLength: length.maxLength })
      : fc.string({ unit: 'grapheme', ...length })
  return schema.examples ? fc.oneof(made, fc.constantFrom(...schema.examples)) : made
}

/** A body, changed in one to three ways. */
const mutated = (body: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('replace' as const), at: fc.nat(), value: ODD_VALUE }),
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('add' as const), name: ODD_TEXT, value: ODD_VALUE }),
  )
  return fc.tuple(body, fc.array(change, { minLength: 1, maxLength: 3 })).map(([value, changes]) => {
    const members = new Map(Object.entries(value as object))
    for (const one of changes) {
      const name = one.kind === 'add' ? one.name : [...members.keys()][one.at % (members.size || 1)]
      if (name === undefined) continue
      if (one.kind === 'remove') members.delete(name)
      else members.set(name, one.value)
    }
    return Object.fromEntries(members)
  })
}

/** Text that a header may hold, as clients send it. */
const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
  maxLength: 60,
})

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

/** What is taken for a token: those of this world, nearly those, and rubbish. */
const tokenLike = (tokens: string[]) => {
  const real = fc.constantFrom(...tokens)
  return fc.oneof(
    real,
    fc.tuple(real, fc.nat(), headerText).map(([token, at, text]) => token.slice(0, at % token.length) + text),
    fc
      .tuple(real, real, fc.integer({ min: 0, max: 2 }))
      .map(([one, other, part]) => one.split('.').with(part, other.split('.')[part]!).join('.')),
    fc
      .tuple(fc.json({ maxDepth: 1 }), fc.json({ maxDepth: 1 }))
      .map(
        ([header, claims]) =>
          `${Buffer.from(header).toString('base64url')}.${Buffer.from(claims).toString('base64url')}.`,
      ),
    headerText,
  )
}

/** Headers that a client may send, of which some have a meaning here. */
const headersWith = (token: fc.Arbitrary<string>) =>
  fc.record({
    'idempotency-key': optional(
      fc.oneof(
        fc.uuid(),
        fc.uuid().map((id) => `"${id}"`),
        headerText,
      ),
    ),
    'accept-language': optional(fc.oneof(fc.constantFrom('fr', 'pt-BR;q=0.9, *;q=0', 'xx-'), headerText)),
    authorization: optional(
      fc.oneof(
        token.map((text) => `Bearer ${text}`),
        headerText,
      ),
    ),
    'x-forwarded-for': optional(fc.oneof(fc.ipV4(), fc.ipV6(), headerText)),
    origin: optional(headerText),
    accept: optional(headerText),
    'user-agent': optional(headerText),
  })

const contentType = fc.oneof(
  { weight: 6, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/json; charset=utf-8',
    'application/json; charset=utf-16',
    'application/json;',
    'APPLICATION/JSON',
    'application/jsonx',
    'application/problem+json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
  ),
  headerText,
)

/** The text of a body: mostly JSON, at times cut short, doubled or something else. */
const textOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: value.map((one) => JSON.stringify(one) ?? '') },
    fc.tuple(value, fc.nat()).map(([one, at]) => JSON.stringify(one).slice(0, at % 200)),
    value.map((one) => JSON.stringify(one).replace('{', '{"__proto__":{"x":1},')),
    value.map((one) => JSON.stringify(one).replace('}', ',"username":"a","username":"b"}')),
    ODD_TEXT,
  )

/** Requests to one operation. */
const requestsTo = (
  path: string,
  method: string,
  operation: Operation,
  body: fc.Arbitrary<unknown>,
  tokens: string[],
) => {
  const encoded = (schema: Schema) =>
    fc.oneof(arbitraryOf(schema).map(String), ODD_TEXT).map((text) => encodeURIComponent(text.toWellFormed()))
  const inPath = (operation.parameters ?? []).filter(({ in: place }) => place === 'path')
  const names = (operation.parameters ?? []).filter(({ in: place }) => place === 'query').map(({ name }) => name)
  const queryName = fc.oneof(fc.constantFrom('x', 'code', 'password', 'access_token', ...names), ODD_TEXT)
  const query = fc.array(
    fc.tuple(queryName, ODD_TEXT).map((pair) => pair.map((text) => encodeURIComponent(text.toWellFormed())).join('=')),
    { maxLength: 3 },
  )
  return fc
    .record({
      values: fc.tuple(...inPath.map(({ schema }) => encoded(schema))),
      query: fc.oneof(fc.constant([]), query),
      headers: headersWith(tokenLike(tokens)),
      type: contentType,
      payload: method === 'POST' ? textOf(body) : fc.constant(undefined),
    })
    .map(({ values, query, headers, type, payload }): InjectOptions => {
      const url = inPath.reduce((filled, { name }, nth) => filled.replace(`{${name}}`, values[nth]!), path)
      return {
        method: method as 'GET' | 'POST',
        url: query.length > 0 ? `${url}?${query.join('&')}` : url,
        headers: Object.fromEntries(
          Object.entries({ ...headers, ...(payload !== undefined && { 'content-type': type }) }).filter(
            (entry): entry is [string, string] => entry[1] !== undefined,
          ),
        ),
        ...(payload !== undefined && { payload }),
      }
    })
}

const company: TestProvider = {
  name: 'twilio',
  send: async () => ({ outcome: 'accepted', messageId: 'msg-1' }),
  readReceipt: ({ body }) => (body.length % 2 ? { outcome: 'forged' } : { outcome: 'unreadable' }),
}

/** A world with a user in it, what belongs to that user, and all operations of its document. */
const start = async (t: Test) => {
  const world = await createWorld(t, { provider: company, resendCooldown: 0 })
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550144')
  const spent = (await world.login('bob')).body.pending_token as string
  const access = (await world.verify(spent, world.lastCode())).body.access_token as string
  const open = (await world.login('alice')).body.pending_token as string
  await world.ledger.drain()
  const document = (await world.app.inject('/openapi.json')).json()
  const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  return { world, document: document as ApiDocument, operations, tokens: [open, spent, access], open }
}

t.test(
  'whatever is sent to an operation, it answers what it promises and writes nothing when it refuses',
  async (t) => {
    const { world, document, operations, tokens, open } = await start(t)
    const sent = new Set<string>()
    /** What belongs into some members, so that not every body ends at the first check. */
    const real: Record<string, fc.Arbitrary<unknown>> = {
      username: fc.constantFrom('alice', 'bob', 'nobody'),
      password: fc.oneof(fc.constant(PASSWORD), fc.uuid()),
      pending_token: tokenLike(tokens),
    }
    t.ok(operations.length >= 11)

    let before = await digestTables(world.sql, RECORDS)
    for (const { path, method, operation } of operations) {
      const schema = operation.requestBody?.content['application/json'].schema ?? { type: 'object' }
      const valid = fc
        .tuple(
          arbitraryOf(schema),
          fc.record(Object.fromEntries(Object.entries(real).filter(([name]) => schema.properties?.[name])), {
            requiredKeys: [],
            noNullPrototype: true,
          }),
        )
        .map(([body, known]) => ({ ...(body as object), ...known }))
      const body = fc.oneof(valid, { weight: 2, arbitrary: mutated(valid) }, ODD_VALUE)

      const property = fc.asyncProperty(requestsTo(path, method, operation, body, tokens), async (request) => {
        const { authorization } = request.headers as { authorization?: string }
        for (const secret of [
          authorization?.split(' ')[1],
          /"password":"([^"\\]+)"/.exec(String(request.payload))?.[1],
        ]) {
          // What is shorter turns up in any log by chance.
          if (secret && secret.length >= 12) sent.add(secret)
        }
        const answer = await world.app.inject(request)
        if (answer.statusCode >= 500) throw new Error(`${answer.statusCode}: ${answer.body}`)
        const fault = checkAnswer(document, { ...request, url: path }, answer)
        if (fault) throw new Error(fault)
        await world.ledger.drain()
        const after = await digestTables(world.sql, RECORDS)
        const isGuess = answer.statusCode === 401 && answer.json().code === 'invalid_code'
        const changed = Object.keys(after).filter((table) => after[table] !== before[table])
        before = after
        if (answer.statusCode >= 400 && !isGuess && changed.length > 0) {
          throw new Error(`${answer.statusCode} wrote to ${changed.join(', ')}`)
        }
      })
      await fc.assert(property, { numRuns: CASES, seed: SEED, endOnFailure: false })
      t.pass(`${method} ${path}`)
    }
    t.strictSame(secretsIn(world.logged.join('\n'), sent), [], 'no token and no password was logged')
    t.notOk(world.logged.join('\n').includes(open))
  },
)
