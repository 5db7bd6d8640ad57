import t from 'tap'
import { inspectSettings } from '../../src/settings/load.ts'
import { createWorld } from '../support/app.ts'

const settingsOf = (CORS_ORIGINS: string) => inspectSettings({ env: { CORS_ORIGINS }, providers: [] })

/** Returns the faults of CORS_ORIGINS only. */
const faultsOf = (written: string) => settingsOf(written).faults.filter((fault) => fault.startsWith('CORS_ORIGINS'))

/** Spellings of origins, each with the origin that a browser sends. */
const SPELLINGS = [
  ['https://app.example.com', 'https://app.example.com'],
  ['https://App.Example.com', 'https://app.example.com'],
  ['HTTPS://app.example.com', 'https://app.example.com'],
  ['https://app.example.com:443', 'https://app.example.com'],
  ['https://app.example.com/', 'https://app.example.com'],
  ['https://APP.example.com:0443/', 'https://app.example.com'],
  ['http://app.example.com:80', 'http://app.example.com'],
  ['https://app.example.com:8443', 'https://app.example.com:8443'],
  ['https://app.example.com:80', 'https://app.example.com:80'],
  ['http://localhost:5173', 'http://localhost:5173'],
  ['http://[0:0:0:0:0:0:0:1]:5173', 'http://[::1]:5173'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['Capacitor://LocalHost/', 'capacitor://localhost'],
  ['tauri://localhost', 'tauri://localhost'],
  ['http://tauri.localhost', 'http://tauri.localhost'],
  ['ionic://localhost', 'ionic://localhost'],
  ['app://-', 'app://-'],
  ['app://.', 'app://.'],
  ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'],
  ['moz-extension://4fa2b6a8-9d60-4b6d-8a5e-0d9b3d6b1c11', 'moz-extension://4fa2b6a8-9d60-4b6d-8a5e-0d9b3d6b1c11'],
] as const

t.test('accepts an origin in every valid spelling and allows it as browsers send it', async (t) => {
  const written = SPELLINGS.map(([spelling]) => spelling).join(', ')
  t.strictSame(faultsOf(written), [])
  const world = await createWorld(t, { app: { http: { corsOrigins: settingsOf(written).settings.CORS_ORIGINS } } })
  const allowed = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'POST' }
    const answer = await world.app.inject({ method: 'OPTIONS', url: '/login', headers })
    return answer.headers['access-control-allow-origin']
  }
  for (const [spelling, origin] of SPELLINGS) t.equal(await allowed(origin), origin, spelling)
  for (const origin of [
    'null',
    'capacitor://other',
    'ionic://localhost.example.com',
    'http://localhost',
    'https://localhost',
    'http://app.example.com:443',
    'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba',
    'tauri://',
  ]) {
    t.notOk(await allowed(origin), `not ${origin}`)
  }
  for (const [spelling, origin] of SPELLINGS) t.strictSame(settingsOf(spelling).settings.CORS_ORIGINS, [origin])
})

t.test('refuses a URL that is more than an origin and suggests the correct spelling', async (t) => {
  for (const [written, spelling] of [
    ['https://app.example.com/login', 'https://app.example.com'],
    ['https://App.Example.com:443/login?x=1', 'https://app.example.com'],
    ['https://app.example.com?x', 'https://app.example.com'],
    ['https://app.example.com#x', 'https://app.example.com'],
    ['https://user:secret@app.example.com', 'https://app.example.com'],
    ['capacitor://localhost/index.html', 'capacitor://localhost'],
  ] as const) {
    const [fault, ...more] = faultsOf(written)
    t.ok(fault?.includes(`not "${written}": write ${spelling}. `), written)
    t.strictSame(more, [])
  }
})

t.test('refuses values that no browser sends as an origin', async (t) => {
  for (const written of [
    '*',
    'null',
    'https://*.example.com',
    'capacitor://*',
    'app.example.com',
    'localhost:5173',
    '//app.example.com',
    'https://',
    'capacitor:localhost',
    'file://',
    'file:///index.html',
    'data:text/html,x',
    'wss://app.example.com',
    'https://app.example.com:99999',
    'https://a b.example.com',
  ]) {
    t.match(faultsOf(written), [/ must be origins .*For example: https:\/\/app\.example\.com$/], written)
  }
})
