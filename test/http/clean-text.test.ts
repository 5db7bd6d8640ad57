import fastify from 'fastify'
import t from 'tap'
import { registerCleanText } from '../../src/http/clean-text.ts'
import { createProblemLog } from '../../src/http/problem-log.ts'
import { registerProblems } from '../../src/http/problems.ts'

/** Creates an app whose only route accepts any input without validation. */
const createApp = () => {
  const app = fastify({ bodyLimit: 70_000 })
  registerProblems(app, { issuer: 'https://auth.example.com', log: createProblemLog() })
  registerCleanText(app, { providerQuery: /^\/foreign\// })
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.post('/anything/*', async () => ({ done: true }))
  app.get('/foreign/receipt', async () => ({ done: true }))
  return app
}

t.test('refuses unclean text anywhere in a request, with a JSON pointer to it', async (t) => {
  const app = createApp()
  const errors = async (payload: unknown, url = '/anything/x') => {
    const answer = await app.inject({
      method: 'POST',
      url,
      payload: JSON.stringify(payload),
      headers: { 'content-type': 'application/json' },
    })
    return answer.statusCode === 200 ? [] : answer.json().errors
  }
  const message = 'contains a control character, an unpaired surrogate or a noncharacter'
  const inName = 'has a member whose name contains a control character, an unpaired surrogate or a noncharacter'
  for (const [payload, path, text] of [
    ['\0', '/', message],
    [['a', '\0'], '/1', message],
    [{ a: { b: [{ c: 'x\u007f' }] } }, '/a/b/0/c', message],
    [{ 'a/b~c': '\ud800' }, '/a~1b~0c', message],
    [{ '': '\ufffe' }, '/', message],
    [{ '\n': 1 }, '/', inName],
    [{ a: [{ '\udc00': 1 }] }, '/a/0', inName],
  ] as const) {
    t.strictSame(await errors(payload), [{ path, message: text }])
  }
  t.strictSame(await errors({}, '/anything/x?a=1&b=%0A'), [{ path: '/query/b', message }])
  t.strictSame(await errors({}, '/anything/x?a=1&a=%0A'), [{ path: '/query/a/1', message }])
  t.strictSame(await errors({}, '/anything/x?%0A=1'), [{ path: '/query', message: inName }])
  t.strictSame(await errors({}, '/anything/a%0Ab'), [{ path: '/params/*', message }])
})

t.test('accepts text of any language, and bytes', async (t) => {
  const app = createApp()
  const send = async (payload: string | Buffer, type = 'application/json') =>
    (await app.inject({ method: 'POST', url: '/anything/x', payload, headers: { 'content-type': type } })).statusCode
  for (const text of [
    'Zoë',
    'Zoë'.normalize('NFD'),
    'ｆｕｌｌ　ｗｉｄｔｈ',
    'عَرَبِيّ',
    'עברית',
    '日本語',
    '👩‍👩‍👧‍👦🏳️‍🌈',
    'soft\u00adhyphen',
    '\u200f\u200b\ufeff',
    '\ue000',
    '\ufffd',
    '\u{e0041}',
  ]) {
    t.equal(await send(JSON.stringify({ [text]: [text] })), 200, text)
  }
  t.equal(await send('null'), 200)
  t.equal(await send(Buffer.from([0, 1, 0x7f, 0xed, 0xa0, 0x80, 0xff]), 'application/octet-stream'), 200, 'bytes')
})

t.test('does not validate requests to unknown routes', async (t) => {
  const app = createApp()
  const answer = await app.inject({ method: 'POST', url: '/nowhere?x=%00', payload: { username: '\0' } })
  t.equal(answer.statusCode, 404)
})

t.test('checks deep and wide bodies within 2 s', async (t) => {
  const app = createApp()
  const depth = 30_000
  for (const [payload, status] of [
    [`${'['.repeat(depth)}${']'.repeat(depth)}`, 200],
    [`${'['.repeat(depth)}"\\u0000"${']'.repeat(depth)}`, 400],
    [`[${'"",'.repeat(20_000)}"\\u0000"]`, 400],
    [JSON.stringify('x'.repeat(65_000)), 200],
  ] as const) {
    const start = performance.now()
    const answer = await app.inject({
      method: 'POST',
      url: '/anything/x',
      payload,
      headers: { 'content-type': 'application/json' },
    })
    t.equal(answer.statusCode, status)
    t.ok(performance.now() - start < 2_000)
  }
})

t.test('does not check the query of receipts', async (t) => {
  const app = createApp()
  t.equal((await app.inject('/foreign/receipt?reason=two%0Alines')).statusCode, 200)
})
