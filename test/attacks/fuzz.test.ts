import fc from 'fast-check'
import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { rounds } from '../run/rounds.ts'
import { createWorld, PASSWORD, type TestProvider, type World } from '../support/app.ts'
import { secretsIn } from '../support/log-search.ts'
import { type ApiDocument, checkAnswer, withoutReferences } from '../support/openapi-check.ts'
import { digestTables } from '../support/table-digest.ts'

/** Requests to each operation; three times as many for operations with a body. */
const CASES = rounds({ quick: 1, all: 25 })

/** The seed of the first operation; a failure reports its own seed and the path to its smallest case. */
const SEED = 20_260_101

/** Tables that refusals may write to. */
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
  example?: string
}

interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
}

/** Invalid characters, most often NUL, which Postgres cannot store. */
const UNCLEAN = fc.oneof(fc.constant('\0'), fc.constantFrom('\n', '\u007f', '\u0085', '\ud800', '\ufffe'))

/** Texts that are known to break parsers, databases, logs or screens. */
const ODD_TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 20 }),
  fc.string({ unit: fc.oneof(fc.constant('a'), UNCLEAN), minLength: 1, maxLength: 8 }),
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

/** Any JSON value. */
const ODD_VALUE = fc.oneof(
  { weight: 4, arbitrary: ODD_TEXT },
  fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, 123_456, [], {}, [[]], [null]),
  fc.jsonValue({ maxDepth: 3 }),
  fc.integer({ min: 2, max: 2_000 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
  fc.dictionary(ODD_TEXT, fc.constantFrom(1, 'x'), { maxKeys: 5 }),
)

/** Returns values that a schema roughly allows. */
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
  // stringMatching does not support Unicode properties.
  const made =
    schema.pattern && !schema.pattern.includes('\\p')
      ? fc.stringMatching(new RegExp(schema.pattern), { maxLength: length.maxLength })
      : fc.string({ unit: 'grapheme', ...length })
  return schema.examples ? fc.oneof(made, fc.constantFrom(...schema.examples)) : made
}

/** Applies one or two changes to a body. */
const mutated = (body: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('replace' as const), at: fc.nat(), value: ODD_VALUE }),
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('spoil' as const), at: fc.nat(), value: UNCLEAN }) },
    fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('add' as const), name: ODD_TEXT, value: ODD_VALUE }),
  )
  return fc.tuple(body, fc.array(change, { minLength: 1, maxLength: 2 })).map(([value, changes]) => {
    const members = new Map(Object.entries(value as object))
    for (const one of changes) {
      const name = one.kind === 'add' ? one.name : [...members.keys()][one.at % (members.size || 1)]
      if (name === undefined) continue
      const former: unknown = members.get(name)
      if (one.kind === 'remove') members.delete(name)
      else members.set(name, one.kind === 'spoil' && typeof former === 'string' ? former + one.value : one.value)
    }
    return Object.fromEntries(members)
  })
}

/** Header values as clients send them. */
const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
  maxLength: 60,
})

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

/** Generates tokens: valid ones of this world, modified ones and garbage. */
const tokenLike = (tokens: string[]) => {
  const real = fc.constantFrom(...tokens)
  return fc.oneof(
    { weight: 4, arbitrary: real },
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

/** Generates headers that a client may send. */
const headersWith = (token: fc.Arbitrary<string>) =>
  fc.record({
    'idempotency-key': optional(
      fc.oneof(
        { weight: 8, arbitrary: fc.uuid() },
        { weight: 8, arbitrary: fc.uuid().map((id) => `"${id}"`) },
        headerText,
      ),
    ),
    'accept-language': optional(fc.oneof(fc.constantFrom('fr', 'pt-BR;q=0.9, *;q=0', 'xx-'), headerText)),
    authorization: optional(fc.oneof({ weight: 5, arbitrary: token.map((text) => `Bearer ${text}`) }, headerText)),
    'x-forwarded-for': optional(fc.oneof(fc.ipV4(), fc.ipV6(), headerText)),
    origin: optional(headerText),
    accept: optional(headerText),
    'user-agent': optional(headerText),
  })

const contentType = fc.oneof(
  { weight: 30, arbitrary: fc.constant('application/json') },
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

/** Generates the text of a body: mostly JSON, sometimes truncated, duplicated or other text. */
const textOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 30, arbitrary: value.map((one) => JSON.stringify(one) ?? '') },
    fc.tuple(value, fc.nat()).map(([one, at]) => JSON.stringify(one).slice(0, at % 200)),
    value.map((one) => JSON.stringify(one).replace('{', '{"__proto__":{"x":1},')),
    value.map((one) => JSON.stringify(one).replace('}', ',"username":"a","username":"b"}')),
    ODD_TEXT,
  )

/** Generates requests to one operation. */
const requestsTo = (
  path: string,
  method: string,
  operation: Operation,
  body: fc.Arbitrary<unknown>,
  tokens: string[],
) => {
  const encoded = ({ schema, example }: Parameter) =>
    fc
      .oneof(arbitraryOf(schema).map(String), ODD_TEXT, fc.constantFrom(...(example ? [example] : ['x'])))
      .map((text) => encodeURIComponent(text.toWellFormed()))
  const inPath = (operation.parameters ?? []).filter(({ in: place }) => place === 'path')
  const inQuery = (operation.parameters ?? []).filter(({ in: place }) => place === 'query')
  const names = fc.constantFrom('x', 'code', 'password', 'access_token', ...inQuery.map(({ name }) => name))
  const known = inQuery.map(({ name, schema }) => fc.tuple(fc.constant(name), arbitraryOf(schema).map(String)))
  const pair = fc
    .oneof(fc.tuple(fc.oneof(names, ODD_TEXT), ODD_TEXT), ...known)
    .map((texts) => texts.map((text) => encodeURIComponent(text.toWellFormed())).join('='))
  const query = fc.array(pair, { maxLength: 3 })
  return fc
    .record({
      values: fc.tuple(...inPath.map(encoded)),
      query: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, query),
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

const LAST = ['/verify', '/login']

const twilio: TestProvider = {
  name: 'twilio',
  channels: ['sms', 'voice', 'whatsapp'],
  send: async () => ({ outcome: 'accepted', messageId: 'msg-1' }),
  readReceipt: ({ body }) => (body.length % 2 ? { outcome: 'forged' } : { outcome: 'unreadable' }),
}

/** Creates a world with two users, their tokens, and all operations of its OpenAPI document. */
const start = async (t: Test) => {
  const world = await createWorld(t, {
    provider: twilio,
    resendCooldown: 0,
    app: { development: { outbox: { find: () => [] } } },
  })
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550144')
  const spent = (await world.login('bob')).body.pending_token as string
  const access = (await world.verify(spent, world.lastCode())).body.access_token as string
  const open = (await world.login('alice')).body.pending_token as string
  await world.ledger.drain()
  const document = withoutReferences((await world.app.inject('/openapi.json')).json())
  const operations = Object.entries<Record<string, Operation>>(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )
    // Guesses and logins end the challenge that other operations use, so they run last.
    .sort((a, b) => LAST.indexOf(a.path) - LAST.indexOf(b.path))
  return { world, document: document as ApiDocument, operations, tokens: [open, spent, access] }
}

/** Generates bodies for an operation: valid, modified and random ones. */
const bodiesOf = (schema: Schema | undefined, tokens: string[]): fc.Arbitrary<unknown> => {
  if (!schema) return ODD_VALUE
  // Real values, so that some bodies pass the first checks.
  const real: Record<string, fc.Arbitrary<unknown>> = {
    username: fc.constantFrom('alice', 'bob', 'nobody'),
    password: fc.oneof(fc.constant(PASSWORD), fc.uuid()),
    pending_token: tokenLike(tokens),
  }
  const known = Object.entries(real).filter(([name]) => schema.properties?.[name])
  const valid = fc
    .tuple(arbitraryOf(schema), fc.record(Object.fromEntries(known), { requiredKeys: [], noNullPrototype: true }))
    .map(([body, members]) => ({ ...(body as object), ...members }))
  return fc.oneof({ weight: 8, arbitrary: valid }, { weight: 4, arbitrary: mutated(valid) }, ODD_VALUE)
}

/** Returns the secrets of a request that no log may contain; shorter texts match by chance. */
const secretsOf = ({ headers, payload }: InjectOptions): string[] => {
  const token = (headers as { authorization?: string }).authorization?.split(' ')[1]
  const password = /"password":"([^"\\]+)"/.exec(String(payload))?.[1]
  return [token, password].filter((secret) => secret !== undefined && secret.length >= 12) as string[]
}

/** Resolves when the notices of earlier requests are sent, which run in the background. */
const waitForNotices = async ({ sql, ledger }: World) => {
  while ((await sql('select from notices')).length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await ledger.drain()
}

t.test('every response to random requests matches the OpenAPI document, and refusals write nothing', async (t) => {
  const { world, document, operations, tokens } = await start(t)
  t.ok(operations.length >= 12)
  const sent = new Set(tokens)
  let before = await digestTables(world.sql, RECORDS)

  /** Throws if the response does not match the document. */
  const send = async (path: string, request: InjectOptions) => {
    for (const secret of secretsOf(request)) sent.add(secret)
    const answer = await world.app.inject(request)
    if (answer.statusCode >= 500) throw new Error(`${answer.statusCode}: ${answer.body}`)
    const fault = checkAnswer(document, { ...request, url: path }, answer)
    if (fault) throw new Error(fault)
    await world.ledger.drain()
    await waitForNotices(world)
    const after = await digestTables(world.sql, RECORDS)
    const changed = Object.keys(after).filter((table) => after[table] !== before[table])
    before = after
    const isGuess = answer.statusCode === 401 && answer.json().code === 'invalid_code'
    if (answer.statusCode >= 400 && !isGuess && changed.length > 0) {
      throw new Error(`${answer.statusCode} wrote to ${changed.join(', ')}`)
    }
  }
  for (const [nth, { path, method, operation }] of operations.entries()) {
    const bodies = bodiesOf(operation.requestBody?.content['application/json'].schema, tokens)
    const requests = requestsTo(path, method, operation, bodies, tokens)
    const numRuns = operation.requestBody ? CASES * 3 : CASES
    await fc.assert(
      fc.asyncProperty(requests, (request) => send(path, request)),
      { numRuns, seed: SEED + nth, includeErrorInReport: true },
    )
    t.pass(`${method} ${path}`)
  }
  t.strictSame(secretsIn(world.logged.join('\n'), sent), [], 'no token and no password in the log')
})
