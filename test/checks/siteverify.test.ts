import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import type { HumanCheckDefinition } from '../../src/guard/human-checks/check.ts'
import { hcaptcha } from '../../src/guard/human-checks/hcaptcha.ts'
import { createSiteverify } from '../../src/guard/human-checks/siteverify.ts'
import { turnstile } from '../../src/guard/human-checks/turnstile.ts'
import { wire } from '../../src/http-client/client.ts'
import { type CompanyMode, type CompanyReply, type ReceivedRequest, startFakeCompany } from '../../testing/index.ts'
import { CONTEXT, createMemoryNonces, testHumanCheck } from '../contracts/human-check.ts'

const SECRET = 'test.not-a-real-secret/+&='
const SITE_KEY = 'test-site-key'

/** What differs between the companies. */
interface Company {
  definition: HumanCheckDefinition
  address: string
  /** What the body has besides secret, token and address. */
  extra: string
  longest: number
  /** How it words that a token was used. */
  used: string
}

const COMPANIES: Company[] = [
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

const json = (body: unknown, status = 200): CompanyReply => ({
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

/** A company on a real socket that says `answer`, and the check that asks it. */
const open = async (
  definition: HumanCheckDefinition,
  answer: (request: ReceivedRequest) => CompanyReply = () => SUCCESS,
  { mode = 'accepting', settings = {} }: { mode?: CompanyMode; settings?: Record<string, string> } = {},
) => {
  const company = await startFakeCompany({ accepted: answer, refused: answer, lie: answer }, mode)
  const prefix = definition.name.toUpperCase()
  const check = definition.create(
    { [`${prefix}_SITE_KEY`]: SITE_KEY, [`${prefix}_SECRET`]: SECRET, [`${prefix}_URL`]: company.url, ...settings },
    { transport: wire, key: Buffer.alloc(32), nonces: createMemoryNonces(), now: Date.now },
  )
  return { company, check, verify: (token = 'a-token') => check.verify(token, CONTEXT) }
}

/** The contract, with a company that knows some tokens and takes each once. */
const testWithCompany = (
  definition: HumanCheckDefinition,
  tokenOf: (request: ReceivedRequest) => string | null,
  say: (isGood: boolean) => CompanyReply,
) =>
  testHumanCheck(t, {
    definition,
    secrets: [SECRET],
    start: async () => {
      const good = new Set<string | null>()
      const { company, check } = await open(definition, (request) => say(good.delete(tokenOf(request))))
      return {
        check,
        solve: () => {
          const token = `P1_eyJ0eXAi.${good.size}.${Math.random()}~+=_-`
          good.add(token)
          return token
        },
        silence: async () => {
          company.mode = 'silent'
        },
        close: company.close,
      }
    },
  })

for (const { definition, address, extra, longest, used } of COMPANIES) {
  const { name } = definition
  const hostnameSetting = `${name.toUpperCase()}_HOSTNAME`

  testWithCompany(
    definition,
    ({ body }) => new URLSearchParams(body).get('response'),
    (isGood) => (isGood ? SUCCESS : json({ success: false, 'error-codes': [used] })),
  )

  t.test(`${name} is asked as its document says`, async (t) => {
    const { company, check, verify } = await open(definition)
    t.teardown(company.close)
    t.same(check.challenge(), { kind: name, site_key: SITE_KEY })
    t.equal(await verify('P1_a.token-+='), 'passed')
    t.equal(await check.verify('a-token', { address: 'unknown' }), 'passed')
    const start = 'secret=test.not-a-real-secret%2F%2B%26%3D'
    t.match(company.requests, [
      {
        method: 'POST',
        path: '/run/sms/',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: `${start}&response=P1_a.token-%2B%3D&remoteip=192.0.2.7${extra}`,
      },
      { body: `${start}&response=a-token${extra}` },
    ])
    t.equal(company.requests.length, 2)
    t.notOk(JSON.stringify(company.requests[0]!.headers).includes('secret'), 'the secret is in the body alone')
    t.match(definition.settings.properties[`${name.toUpperCase()}_URL`], { default: address })
  })

  t.test(`${name} passes for the host that is set, and for any when none is`, async (t) => {
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
      await Promise.all([fixed.company.close(), any.company.close()])
    }
  })

  t.test(`${name} blames the token for what its sender can bring about, and nobody for the rest`, async (t) => {
    let reply = SUCCESS
    const { company, verify } = await open(definition, () => reply)
    t.teardown(company.close)
    const failed = (...codes: unknown[]) => json({ success: false, 'error-codes': codes })
    const blamed = [
      'missing-input-response invalid-input-response timeout-or-duplicate expired-input-response bad-request',
      'already-seen-response invalid-or-already-seen-response not-using-dummy-passcode sitekey-secret-mismatch brand-new',
    ].flatMap((codes) => codes.split(' '))
    const ours = 'internal-error missing-input-secret invalid-input-secret missing-remoteip invalid-remoteip'.split(' ')
    const answers: [expected: string, reply: CompanyReply][] = [
      ...blamed.map((code) => ['failed', failed(code)] as [string, CompanyReply]),
      ...ours.map((code) => ['unavailable', failed(code)] as [string, CompanyReply]),
      ['unavailable', failed('invalid-input-response', 'internal-error')],
      ['failed', failed()],
      ['failed', json({ success: false })],
      ['failed', json({ success: false, 'error-codes': 'internal-error' })],
      ['failed', json({ success: false, 'error-codes': ['bad-request'] }, 400)],
      ['unavailable', json({ success: false, 'error-codes': ['invalid-input-secret'] }, 400)],
      ['unavailable', json({ success: true }, 400)],
      ...[401, 403, 404, 429, 500, 502, 503].flatMap((status): [string, CompanyReply][] => [
        ['unavailable', json({ success: true }, status)],
        ['unavailable', json({ success: false, 'error-codes': ['invalid-input-response'] }, status)],
      ]),
      ...[{}, [], null, true, 'success', { success: 'true' }, { success: 1 }, { success: null }].map(
        (body): [string, CompanyReply] => ['unavailable', json(body)],
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

  t.test(`${name} is not asked of what can be no token`, async (t) => {
    const { company, verify } = await open(definition)
    t.teardown(company.close)
    const odd = ['', ' ', 'a b', 'a\n', 'é', '\0', '../../etc/passwd', "'OR'1'='1", '<script>', 'x'.repeat(longest + 1)]
    for (const token of odd) {
      t.equal(await verify(token), 'failed', JSON.stringify(token.slice(0, 19)))
    }
    t.equal(company.requests.length, 0)
    t.equal(await verify('x'.repeat(longest)), 'passed')
  })

  t.test(`${name} could not say when it answers in no way that is known`, async (t) => {
    const elsewhere = await open(definition)
    t.teardown(elsewhere.company.close)
    const modes: CompanyMode[] = [
      'redirecting',
      'resetting',
      'truncating',
      'speaking-ssh',
      'garbage',
      'huge',
      'limiting',
    ]
    for (const mode of modes) {
      const { company, verify } = await open(definition, undefined, { mode })
      company.redirectTo = elsewhere.company.url
      t.equal(await verify(), 'unavailable', mode)
      t.equal(company.requests.length, 1, `${mode}: asked once`)
      await company.close()
    }
    t.equal(elsewhere.company.requests.length, 0, 'a redirect is not followed')
    const { company, verify } = await open(definition)
    await company.close()
    t.equal(await verify(), 'unavailable', 'connection refused')
  })
}

t.test('a company that is silent, or stops in the middle, is waited for no longer than was said', async (t) => {
  for (const mode of ['silent', 'dripping'] as const) {
    const { company } = await open(turnstile, undefined, { mode })
    t.teardown(company.close)
    const verify = createSiteverify({ transport: wire, url: company.url, secret: SECRET, longest: 9, timeout: 150 })
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

testWithCompany(
  acme,
  ({ body }) => JSON.parse(body).token,
  (isGood) => json({ human: isGood }),
)
