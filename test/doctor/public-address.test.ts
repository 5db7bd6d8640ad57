import { once } from 'node:events'
import { createServer } from 'node:https'
import t, { type Test } from 'tap'
import { createAskPublic } from '../../src/doctor/ask-public.ts'
import { checkPublicAddress } from '../../src/doctor/public-address-check.ts'
import { makeCertificate, type TestCertificate } from '../support/certificate.ts'

const DAY = 86_400_000
const inDays = (days: number) => new Date(Date.now() + days * DAY)

const GOOD = makeCertificate({ to: inDays(90) })

/** The answers of the server behind the public address. */
interface ServerAnswers {
  certificate?: TestCertificate
  issuer?: string
  kids?: string[]
  headers?: Record<string, string>
  status?: number
  lacksJwks?: boolean
}

/**
 * Checks a service behind TLS with a client that trusts only the good certificate, and returns the findings in short.
 */
const look = async (t: Test, { certificate = GOOD, kids = ['k1'], ...answers }: ServerAnswers) => {
  const server = createServer(certificate, (request, response) => {
    const isJwks = request.url === '/.well-known/jwks.json'
    const body = isJwks ? { keys: kids.map((kid) => ({ kid })) } : { issuer: answers.issuer ?? issuer }
    const headers = { 'strict-transport-security': 'max-age=31536000', ...answers.headers }
    if (isJwks && answers.lacksJwks) return void response.writeHead(404).end()
    response.writeHead(answers.status ?? 200, headers).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const issuer = `https://localhost:${(server.address() as { port: number }).port}`
  const found = await checkPublicAddress({
    issuer,
    kids: ['k1'],
    now: Date.now(),
    ask: createAskPublic({ ca: GOOD.cert }),
  })
  return found.map(({ level, found, todo }) => ({ level, found, todo }))
}

const OKS = [
  { level: 'ok', found: /^The certificate is trusted and expires in (?:89|90) days, on \d{4}-\d\d-\d\d\.$/ },
  { level: 'ok', found: 'The server has the same ISSUER.' },
  { level: 'ok', found: 'The response has Strict-Transport-Security.' },
  { level: 'ok', found: 'The published keys match the keys of this machine.' },
]

t.test('finds a valid service ok in every point', async (t) => {
  t.match(await look(t, {}), OKS)
})

t.test('reports certificates that are expired, expire soon, are untrusted or for another host', async (t) => {
  for (const [certificate, expected] of [
    [makeCertificate({ from: inDays(-30), to: inDays(-2) }), { level: 'fault', found: /^The certificate expired on / }],
    [
      makeCertificate({ to: inDays(90) }),
      { level: 'fault', found: /^The certificate is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT\.$/ },
    ],
  ] as const) {
    const [first, ...others] = await look(t, { certificate })
    t.match(first, expected)
    t.match(others, OKS.slice(1), 'the other checks still run')
  }
  const ask = createAskPublic({ ca: GOOD.cert })
  const server = createServer(GOOD, (_, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const [otherHost] = await checkPublicAddress({ issuer: `https://127.0.0.1:${port}`, kids: [], now: Date.now(), ask })
  t.match(otherHost, { level: 'fault', found: 'The certificate is not trusted: ERR_TLS_CERT_ALTNAME_INVALID.' })
  const [soon] = await checkPublicAddress({
    issuer: `https://localhost:${port}`,
    kids: [],
    now: inDays(80).getTime(),
    ask,
  })
  t.match(soon, { level: 'warning', found: /^The certificate expires in (?:9|10) days, on /, todo: /Renew it/ })
})

t.test('reports another issuer, other keys, a missing header and a redirect', async (t) => {
  t.match((await look(t, { issuer: 'https://other.example.com' }))[1], {
    level: 'fault',
    found: 'The server has the ISSUER https://other.example.com.',
  })
  t.match((await look(t, { headers: { 'strict-transport-security': 'max-age=60' } }))[2], {
    level: 'warning',
    found: 'Strict-Transport-Security has only 60 s.',
  })
  t.match((await look(t, { kids: ['other'] }))[3], { level: 'fault', found: /does not publish k1/ })
  t.match((await look(t, { kids: ['k1', 'k2'] }))[3], { level: 'warning', found: /also publishes k2/ })
  t.match((await look(t, { lacksJwks: true }))[3], { level: 'fault', found: 'The response has no keys (HTTP 404).' })
  t.match((await look(t, { status: 301, headers: { location: 'https://www.example.com/' } }))[1], {
    level: 'fault',
    found: 'The response is HTTP 301, not 200, and redirects to https://www.example.com/.',
  })
})

t.test('reports one fault for no answer, for no https and for no issuer', async (t) => {
  const ask = createAskPublic()
  const look = (issuer: string | undefined) => checkPublicAddress({ issuer, kids: [], now: Date.now(), ask })
  t.match(await look('https://127.0.0.1:1'), [
    { level: 'fault', found: 'The public address does not respond: ECONNREFUSED.' },
  ])
  t.match(await look('http://auth.example.com'), [{ level: 'fault', found: 'The public address is not https.' }])
  t.match(await look(undefined), [{ level: 'fault', looked: 'ISSUER' }])
})
