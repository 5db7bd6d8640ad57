import { chmodSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeSecret, writeKeyFile } from '../../src/keys/key-files.ts'
import { makeCertificate } from '../support/certificate.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startServer } from '../support/server-process.ts'
import { makeFolder, runHere, runTool } from './tool.ts'

const listen = async (t: Test, server: ReturnType<typeof createServer>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as { port: number }).port
}

const TOKEN = 'hidden-token-of-the-provider'

/** Starts two providers that accept one credential, on one address. */
const startProviders = (t: Test) =>
  listen(
    t,
    createServer(({ headers }, response) => {
      const [, basic] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? []
      const isRight = Buffer.from(basic ?? '', 'base64')
        .toString()
        .endsWith(`:${TOKEN}`)
      response.writeHead(isRight ? 200 : 401).end('{}')
    }),
  )

/** Starts a valid production setup: the real server, a proxy with TLS in front of it, and all dependencies. */
const startProduction = async (t: Test) => {
  const folder = makeFolder(t)
  const certificate = makeCertificate({ to: new Date(Date.now() + 90 * 86_400_000) })
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, certificate.cert)
  let address = ''
  const proxy = createTlsServer(certificate, (incoming, answer) => {
    const { url, method, headers } = incoming
    const forward = request(`${address}${url}`, {
      method: method!,
      headers: { ...headers, 'x-forwarded-for': '203.0.113.7' },
    })
    forward.once('response', (answered) => {
      answer.writeHead(answered.statusCode!, answered.headers)
      answered.pipe(answer)
    })
    incoming.pipe(forward)
  })
  const port = await listen(t, proxy)
  const providers = `http://127.0.0.1:${await startProviders(t)}`
  const secrets = { secret: makeSecret(), token: TOKEN, signature: makeSecret() }
  const fileOf = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    chmodSync(path, 0o600)
    return path
  }
  const keys = join(folder, 'keys.json')
  writeKeyFile(keys, 'EdDSA')
  const env = {
    NODE_ENV: 'production',
    ISSUER: `https://localhost:${port}`,
    AUDIENCE: 'https://api.example.com',
    SECRET_FILE: fileOf('secret', secrets.secret),
    JWT_KEYS_FILE: keys,
    DATABASE_URL: await createTestDatabase(t),
    SMS_PROVIDERS: 'twilio,vonage',
    SMS_COUNTRIES: 'US',
    SMS_PRICES: '*=0.08',
    SMS_BUDGET_COST: 'all=50',
    SMS_BUDGET_MESSAGES: 'all=500',
    TRUST_PROXY: '127.0.0.1',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN_FILE: fileOf('token', TOKEN),
    TWILIO_FROM: '+15017122661',
    TWILIO_URL: providers,
    VONAGE_API_KEY: 'abcdef01',
    VONAGE_API_SECRET: TOKEN,
    VONAGE_FROM: 'Example',
    VONAGE_SIGNATURE_SECRET: secrets.signature,
    VONAGE_URL: providers,
  }
  ;({ address } = await startServer(t, { ...env, PORT: '0' }))
  return { env, ca, secrets, folder }
}

const linesOf = (stdout: string, level: string) => stdout.split('\n').filter((line) => line.startsWith(`${level} `))

t.test('finds no fault in a healthy setup, and warns about what it cannot check', async (t) => {
  const { env, ca, secrets } = await startProduction(t)
  const run = (args: string[], change: Record<string, string> = {}) =>
    runTool(['doctor', ...args], { env: { ...env, NODE_EXTRA_CA_CERTS: ca, ...change } })
  const well = await run([])
  // The test suite chooses the settings of its own Postgres.
  const faults = linesOf(well.stdout, 'fault').filter((line) => !/superuser|synchronous_commit/.test(line))
  t.strictSame(faults, [], well.stdout)
  for (const check of [
    /^ok +settings +all settings: All settings are complete and valid\.$/m,
    /^ok +keys .* signs since/m,
    /^ok +secrets +SECRET_FILE .* looks random/m,
    /^ok +tls .* is trusted and expires in/m,
    /^ok +tls .* has the same ISSUER/m,
    /^ok +tls .*jwks\.json: The published keys match/m,
    /^ok +proxy /m,
    /^ok +providers +SMS_PROVIDERS twilio, 127\.0\.0\.1:\d+: The provider accepts the credentials\.$/m,
    /^ok +providers +SMS_PROVIDERS vonage, /m,
    /^ok +providers .*\/webhooks\/sms\/twilio: Receipts arrive, and an unsigned one is refused\.$/m,
    /^ok +countries +SMS_BUDGET_COST: The limit is 50 a day/m,
    /^ok +clock .*the database's: They agree/m,
    /^ok +clock .*the Date of https:\/\/localhost:\d+: They agree/m,
    /^ok +migrations /m,
    /^warning +backups .* Check that backups/m,
    /^ok +admin /m,
    /^warning +events /m,
  ])
    t.match(well.stdout, check)

  const broken = await run([], {
    VONAGE_API_SECRET: 'hidden-wrong-secret',
    SMS_COUNTRIES: 'US,XX',
    TRUST_PROXY: '0.0.0.0/0',
    NODE_EXTRA_CA_CERTS: '',
    DATABASE_URL: 'postgres://doorcode:hidden-password@127.0.0.1:1/doorcode',
  })
  t.equal(broken.code, 1)
  for (const check of [
    /^fault +settings +.*SMS_COUNTRIES names "XX"/m,
    /^fault +tls .* not trusted: DEPTH_ZERO_SELF_SIGNED_CERT/m,
    /^fault +proxy .* Almost every address is trusted/m,
    /^fault +providers .*vonage.* rejects the credentials/m,
    /^fault +database .* cannot be checked: connect ECONNREFUSED/m,
  ])
    t.match(broken.stdout, check)
  t.match(broken.stderr, /^\d+ faults, \d+ warnings?: not ready for production\.\n$/)

  const machine = await run(['--json', '--strict'])
  const { ok, findings } = JSON.parse(machine.stdout)
  t.equal(machine.code, 1, '--strict fails on a warning')
  t.equal(ok, false)
  t.ok(findings.length > 25)
  t.match(findings[0], { check: 'settings', level: 'ok', looked: 'all settings', found: /./ })

  const all = [well, broken, machine].map(({ stdout, stderr }) => stdout + stderr).join('')
  for (const secret of [...Object.values(secrets), 'hidden', new URL(env.DATABASE_URL).password].filter(Boolean)) {
    t.notOk(all.includes(secret), 'the secret is hidden')
  }
})

t.test('checks as much as possible without settings, and lists what production requires', async (t) => {
  const { code, stdout } = await runHere(['doctor'])
  t.equal(code, 1)
  t.match(stdout, /^fault +settings +all settings, as if NODE_ENV=production \(it is not set\): DATABASE_URL/m)
  for (const check of ['keys', 'secrets', 'tls', 'providers', 'countries', 'database'])
    t.match(stdout, new RegExp(`^fault +${check} `, 'm'), check)
  t.notMatch(stdout, /The check failed|undefined/)
})

t.test('rejects arguments and unknown options', async (t) => {
  t.match(await runHere(['doctor', 'now']), { code: 2, stderr: /^"doctor" takes only options/ })
  t.match(await runHere(['doctor', '--fix']), { code: 2, stderr: /^Unknown option '--fix'/ })
})
