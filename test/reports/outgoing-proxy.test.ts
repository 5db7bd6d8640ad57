import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { checkOutgoing } from '../../src/doctor/outgoing-check.ts'
import { realProbes } from '../../src/doctor/probes.ts'
import { createOutgoing } from '../../src/http-client/outgoing.ts'
import { providers } from '../../src/providers/index.ts'
import { twilioProvider } from '../../src/providers/twilio/index.ts'
import { inspectSettings } from '../../src/settings/load.ts'
import { createProvider } from '../../testing/index.ts'
import { MESSAGE } from '../contracts/provider.ts'
import { createTestDatabase, query } from '../support/postgres.ts'
import { call, startServer, temporaryFolder } from '../support/server-process.ts'

/** Starts a corporate proxy that answers plain requests itself, and refuses tunnels or forwards them to one port. */
const startProxy = async (t: Test) => {
  const proxy = { address: '', seen: [] as string[], credentials: new Set<string | undefined>(), tunnelTo: 0 }
  const note = ({ method, url, headers }: IncomingMessage) => {
    proxy.seen.push(`${method} ${url}`)
    proxy.credentials.add(headers['proxy-authorization'])
  }
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    note(request)
    request.resume()
    response.end('{"id":"m-1"}')
  })
  server.on('connect', (request, socket: Socket) => {
    note(request)
    sockets.add(socket.on('error', () => {}))
    if (proxy.tunnelTo === 0) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    const target = connect(proxy.tunnelTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(target).pipe(socket)
    })
    sockets.add(target.on('error', () => {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.address = `127.0.0.1:${(server.address() as { port: number }).port}`
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  return proxy
}

t.test('sends all outgoing requests through the configured proxy', async (t) => {
  const proxy = await startProxy(t)
  const DATABASE_URL = await createTestDatabase(t)
  await query(DATABASE_URL, `insert into events (type, data) values ('account.locked', '{}')`)
  const server = await startServer(t, {
    DATA_DIR: temporaryFolder(t),
    DATABASE_URL,
    // The form of shells and Docker: in lower case and without a scheme.
    https_proxy: `user:p%40ss@${proxy.address}`,
    HTTP_PROXY: `http://user:p%40ss@${proxy.address}/`,
    SMS_PROVIDERS: 'webhook',
    WEBHOOK_URL: 'http://sms.example.com/send',
    SMS_COUNTRIES: 'US',
    REGISTRATION: 'open',
    PASSWORD_BREACH_URL: 'https://breaches.example.com/range',
    NUMBER_INTELLIGENCE: 'twilio-lookup',
    TWILIO_LOOKUP_ACCOUNT_SID: `AC${'X'.repeat(32)}`,
    TWILIO_LOOKUP_AUTH_TOKEN: 'test',
    TWILIO_LOOKUP_URL: 'http://lookup.example.com',
    EVENTS_WEBHOOK_URL: 'https://ops.example.com/events',
    EVENTS_WEBHOOK_SECRET: `whsec_${'a'.repeat(44)}`,
  })
  const { status } = await call(`${server.address}/register`, {
    username: 'alice',
    password: 'a rather good passphrase',
    phone: '+12025550143',
  })
  t.equal(status, 200)
  const wanted = [
    /^CONNECT breaches\.example\.com:443$/,
    /^GET http:\/\/lookup\.example\.com\/v2\/PhoneNumbers\//,
    /^POST http:\/\/sms\.example\.com\/send$/,
    /^CONNECT ops\.example\.com:443$/,
  ]
  const missing = () => wanted.filter((request) => !proxy.seen.some((line) => request.test(line)))
  // Events are sent in the background.
  for (let tries = 0; missing().length > 0 && tries < 500; tries += 1) await new Promise((wait) => setTimeout(wait, 20))
  t.strictSame(missing(), [], `requests at the proxy: ${proxy.seen.join(', ')}`)
  t.strictSame([...proxy.credentials], [`Basic ${Buffer.from('user:p@ss').toString('base64')}`])
  t.notMatch(server.output(), /p%40ss|p@ss/, 'the password is not logged')
})

const SETTINGS = {
  TWILIO_ACCOUNT_SID: `AC${'X'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'test',
  TWILIO_FROM: '+15017122661',
  TWILIO_URL: 'https://api.twilio.example',
}

t.test('fails a message that the proxy refuses, and keeps TLS end to end', async (t) => {
  const proxy = await startProxy(t)
  const sendThrough = async (address: string) => {
    const { transport } = createOutgoing({ HTTPS_PROXY: address, NO_PROXY: [] })
    const provider = await createProvider(twilioProvider, SETTINGS, { transport })
    return provider.send(MESSAGE, AbortSignal.timeout(3_000))
  }
  t.match(await sendThrough(proxy.address), { outcome: 'failed', reason: 'HTTP 403 of the proxy' })
  t.strictSame(new Set(proxy.seen), new Set(['CONNECT api.twilio.example:443']))
  t.match(await sendThrough('http://127.0.0.1:1'), { outcome: 'failed', reason: 'ECONNREFUSED' })
})

t.test('connects directly to hosts of NO_PROXY and to this machine', async (t) => {
  const proxy = await startProxy(t)
  const direct = await startProxy(t)
  const { transport } = createOutgoing({ HTTP_PROXY: proxy.address, NO_PROXY: ['example.invalid'] })
  const get = (url: string) =>
    transport({ method: 'GET', url, headers: {}, body: undefined }, AbortSignal.timeout(2_000)).then(
      ({ status }) => status,
      () => 'no answer',
    )
  t.equal(await get(`http://${direct.address}/`), 200, 'this machine')
  t.equal(await get('http://sms.example.invalid/'), 'no answer', 'a host of NO_PROXY, which does not resolve')
  t.strictSame(proxy.seen, [])
  t.equal(await get('http://sms.example.com/'), 200)
  t.strictSame(proxy.seen, ['GET http://sms.example.com/'])
})

t.test('reads proxy variables only as settings, in upper and lower case', async (t) => {
  const read = (env: Record<string, string>) => {
    const { settings } = inspectSettings({ env, providers })
    return [settings.HTTPS_PROXY, settings.HTTP_PROXY, settings.NO_PROXY]
  }
  t.strictSame(read({ https_proxy: 'a:1', http_proxy: 'b:1', no_proxy: 'x, .y' }), ['a:1', 'b:1', ['x', '.y']])
  t.strictSame(read({ https_proxy: 'a:1', HTTPS_PROXY: 'c:1' }), ['c:1', undefined, []])
  const shell = { https_proxy: 'a:1', no_proxy: '*', ftp_proxy: 'a:1', FTP_PROXY: 'a:1', ALL_PROXY: 'socks5://a:1' }
  t.strictSame(inspectSettings({ env: shell, providers }).faults, [], 'variables of shells are not reported as typos')
})

t.test('reports in the doctor the proxy and its reachability without the password', async (t) => {
  const proxy = await startProxy(t)
  const { reachProxy: reach } = realProbes()
  const look = (httpsProxy: string | undefined, noProxy: string[] = []) =>
    checkOutgoing({ httpsProxy, httpProxy: undefined, noProxy, reach })
  t.match(await look(undefined), [{ level: 'ok', looked: 'HTTPS_PROXY' }])
  const [well] = await look(`http://user:hidden@${proxy.address}`)
  t.match(well, { level: 'ok', looked: `HTTPS_PROXY (${proxy.address})` })
  t.match(await look('user:hidden@127.0.0.1:1'), [
    { level: 'fault', looked: 'HTTPS_PROXY (127.0.0.1:1)', found: /accepts no connection: ECONNREFUSED/ },
  ])
  t.match(await look(proxy.address, ['*']), [{ level: 'ok' }, { level: 'warning', looked: 'NO_PROXY' }])
  t.notMatch(JSON.stringify([well]), /hidden/)
})
