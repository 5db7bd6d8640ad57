import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { HumanCheckDefinition } from '../../src/guard/human-checks/check.ts'
import { hcaptcha } from '../../src/guard/human-checks/hcaptcha.ts'
import { createSiteverify } from '../../src/guard/human-checks/siteverify.ts'
import { turnstile } from '../../src/guard/human-checks/turnstile.ts'
import { wire } from '../../src/http-client/client.ts'
import { type ProviderMode, type ProviderReply, type ReceivedRequest, startFakeProvider } from '../../testing/index.ts'
import { CONTEXT, createMemoryNonces, testHumanCheck } from '../contracts/human-check.ts'

const SECRET = 'test.not-a-real-secret/+&='
const SITE_KEY = 'test-site-key'

/** The differences between the providers. */
interface SiteverifyProvider {
  definition: HumanCheckDefinition
  address: string
  /** The part of the body after secret, token and address. */
  extra: string
  longest: number
  /** The error code for a used token. */
  used: string
}

const PROVIDERS: SiteverifyProvider[] = [
  {
    definition: turnstile,
    address: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
    extra: '',
    longest: 2_048,
    used: 'timeout-or-duplicate',
  },
  {
    definition: hcaptcha,
    address: 'https://api.hcaptcha.com/siteverify',
    extra: `&sitekey=${SITE_KEY}`,
    longest: 4_096,
    used: 'already-seen-response',
  },
]

const json = (body: unknown, status = 200): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const SUCCESS = json({
  success: true,
  challenge_ts: '2026-01-01T00:00:00Z',
  hostname: 'app.example.com',
  'error-codes': [],
})

/** Starts a fake provider that responds with `answer`, and the check that calls it. */
const open = async (
  definition: HumanCheckDefinition,
  answer: (request: ReceivedRequest) => ProviderReply = () => SUCCESS,
  { mode = 'accepting', settings = {} }: { mode?: ProviderMode; settings?: Record<string, string> } = {},
) => {
  const provider = await startFakeProvider({ accepted: answer, refused: answer, lie: answer }, mode)
  const prefix = definition.name.toUpperCase()
  const check = definition.create(
    { [`${prefix}_SITE_KEY`]: SITE_KEY, [`${prefix}_SECRET`]: SECRET, [`${prefix}_URL`]: provider.url, ...settings },
    { transport: wire, key: Buffer.alloc(32), nonces: createMemoryNonces(), now: Date.now },
  )
  return { provider, check, verify: (token = 'a-token') => check.verify(token, CONTEXT) }
}

/** Runs the contract with a provider that accepts each known token once. */
const testWithProvider = (
  definition: HumanCheckDefinition,
  tokenOf: (request: ReceivedRequest) => string | null,
  say: (isGood: boolean) => ProviderReply,
) =>
  testHumanCheck(t, {
    definition,
    secrets: [SECRET],
    start: async () => {
      const good = new Set<string | null>()
      const { provider, check } = await open(definition, (request) => say(good.delete(tokenOf(request))))
      return {
        check,
        solve: () => {
          const token = `P1_eyJ0eXAi.${good.size}.${Math.random()}~+=_-`
          good.add(token)
          return token
        },
        silence: async () => {
          provider.mode = 'silent'
        },
        close: provider.close,
      }
    },
  })

for (const { definition, address, extra, longest, used } of PROVIDERS) {
  const { name } = definition
  const hostnameSetting = `${name.toUpperCase()}_HOSTNAME`

  testWithProvider(
    definition,
    ({ body }) => new URLSearchParams(body).get('response'),
    (isGood) => (isGood ? SUCCESS : json({ success: false, 'error-codes': [used] })),
  )

  t.test(`${name} receives the request of its documentation`, async (t) => {
    const { provider, check, verify } = await open(definition)
    t.teardown(provider.close)
    t.same(check.challenge(), { kind: name, site_key: SITE_KEY })
    t.equal(await verify('P1_a.token-+='), 'passed')
    t.equal(await check.verify('a-token', { address: 'unknown' }), 'passed')
    const start = 'secret=test.not-a-real-secret%2F%2B%26%3D'
    t.match(provider.requests, [
      {
        method: 'POST',
        path: '/run/sms/',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: `${start}&response=P1_a.token-%2B%3D&remoteip=192.0.2.7${extra}`,
      },
      { body: `${start}&response=a-token${extra}` },
    ])
    t.equal(provider.requests.length, 2)
    t.notOk(JSON.stringify(provider.requests[0]!.headers).includes('secret'), 'the secret is only in the body')
    t.match(definition.settings.properties[`${name.toUpperCase()}_URL`], { default: address })
  })

  t.test(`${name} accepts only the configured host, or any host without one`, async (t) => {
    for (const [hostname, expected] of [
      ['app.example.com', 'passed'],
      ['example.com', 'failed'],
      ['evil.example', 'failed'],
      [undefined, 'failed'],
      [7, 'failed'],
    ] as const) {
      const answer = () => json({ success: true, hostname })
      const fixed = await open(definition, answer, { settings: { [hostnameSetting]: 'app.example.com' } })
      const any = await open(definition, answer)
      t.equal(await fixed.verify(), expected, `${hostname}`)
      t.equal(await any.verify(), 'passed', `${hostname}`)
      await Promise.all([fixed.provider.close(), any.provider.close()])
    }
  })

  t.test(`${name} fails on errors of the token and is unavailable on all others`, async (t) => {
    let reply = SUCCESS
    const { provider, verify } = await open(definition, () => reply)
    t.teardown(provider.close)
    const failed = (...codes: unknown[]) => json({ success: false, 'error-codes': codes })
    const tokenErrors = [
      'missing-input-response invalid-input-response timeout-or-duplicate expired-input-response bad-request',
      'already-seen-response invalid-or-already-seen-response not-using-dummy-passcode sitekey-secret-mismatch brand-new',
    ].flatMap((codes) => codes.split(' '))
    const serverErrors =
      'internal-error missing-input-secret invalid-input-secret missing-remoteip invalid-remoteip'.split(' ')
    const answers: [expected: string, reply: ProviderReply][] = [
      ...tokenErrors.map((code) => ['failed', failed(code)] as [string, ProviderReply]),
      ...serverErrors.map((code) => ['unavailable', failed(code)] as [string, ProviderReply]),
      ['unavailable', failed('invalid-input-response', 'internal-error')],
      ['failed', failed()],
      ['failed', json({ success: false })],
      ['failed', json({ success: false, 'error-codes': 'internal-error' })],
      ['failed', json({ success: false, 'error-codes': ['bad-request'] }, 400)],
      ['unavailable', json({ success: false, 'error-codes': ['invalid-input-secret'] }, 400)],
      ['unavailable', json({ success: true }, 400)],
      ...[401, 403, 404, 429, 500, 502, 503].flatMap((status): [string, ProviderReply][] => [
        ['unavailable', json({ success: true }, status)],
        ['unavailable', json({ success: false, 'error-codes': ['invalid-input-response'] }, status)],
      ]),
      ...[{}, [], null, true, 'success', { success: 'true' }, { success: 1 }, { success: null }].map(
        (body): [string, ProviderReply] => ['unavailable', json(body)],
      ),
      ['unavailable', { status: 200, body: '' }],
      ['unavailable', { status: 204 }],
      ['unavailable', { status: 200, body: '{"success":true' }],
    ]
    for (const [expected, next] of answers) {
      reply = next
      t.equal(await verify(), expected, `${next.status} ${next.body}`)
    }
  })

  t.test(`${name} is not called for malformed tokens`, async (t) => {
    const { provider, verify } = await open(definition)
    t.teardown(provider.close)
    const odd = ['', ' ', 'a b', 'a\n', 'é', '\0', '../../etc/passwd', "'OR'1'='1", '<script>', 'x'.repeat(longest + 1)]
    for (const token of odd) {
      t.equal(await verify(token), 'failed', JSON.stringify(token.slice(0, 19)))
    }
    t.equal(provider.requests.length, 0)
    t.equal(await verify('x'.repeat(longest)), 'passed')
  })

  t.test(`${name} is unavailable after broken or unexpected responses`, async (t) => {
    const elsewhere = await open(definition)
    t.teardown(elsewhere.provider.close)
    const modes: ProviderMode[] = [
      'redirecting',
      'resetting',
      'truncating',
      'speaking-ssh',
      'garbage',
      'huge',
      'limiting',
    ]
    for (const mode of modes) {
      const { provider, verify } = await open(definition, undefined, { mode })
      provider.redirectTo = elsewhere.provider.url
      t.equal(await verify(), 'unavailable', mode)
      t.equal(provider.requests.length, 1, `${mode}: one request`)
      await provider.close()
    }
    t.equal(elsewhere.provider.requests.length, 0, 'a redirect is not followed')
    const { provider, verify } = await open(definition)
    await provider.close()
    t.equal(await verify(), 'unavailable', 'connection refused')
  })
}

t.test('stops waiting at the timeout when a provider is silent or stops in the middle', async (t) => {
  for (const mode of ['silent', 'dripping'] as const) {
    const { provider } = await open(turnstile, undefined, { mode })
    t.teardown(provider.close)
    const verify = createSiteverify({ transport: wire, url: provider.url, secret: SECRET, longest: 9, timeout: 150 })
    const since = performance.now()
    t.equal(await verify('a-token', CONTEXT), 'unavailable', mode)
    const waited = performance.now() - since
    t.ok(waited > 100 && waited < 1_000, `${mode}: ${waited} ms`)
  }
})

const page = readFileSync(new URL('../../docs/human-checks.md', import.meta.url), 'utf8')
const [, source] = /^<!-- acme\.ts -->\n```ts\n([\s\S]*?)^```$/m.exec(page)!
const contract = new URL('../../src/guard/human-checks/check.ts', import.meta.url).href
const folder = t.testdir({ 'acme.ts': source!.replace("'./check.ts'", `'${contract}'`) })
const { acme } = (await import(pathToFileURL(`${folder}/acme.ts`).href)) as { acme: HumanCheckDefinition }

testWithProvider(
  acme,
  ({ body }) => JSON.parse(body).token,
  (isGood) => json({ human: isGood }),
)
