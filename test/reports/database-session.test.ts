import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeFolder, runHere } from '../cli/tool.ts'
import { createWorld } from '../support/app.ts'
import { makeCertificate } from '../support/certificate.ts'
import { startTlsFront } from '../support/tls-front.ts'
import { startTransactionPooler } from '../support/transaction-pooler.ts'

/** Variables that shells and containers set for Postgres tools; each one breaks a session that reads it. */
const SHELL = {
  PGHOST: '192.0.2.1',
  PGPORT: '1',
  PGUSER: 'another_user',
  PGPASSWORD: 'wrong',
  PGDATABASE: 'elsewhere',
  PGPASSFILE: '/nowhere/pgpass',
  PGSERVICE: 'other',
  PGSERVICEFILE: '/nowhere/service.conf',
  PGOPTIONS: '-c search_path=x -c default_transaction_read_only=on -c statement_timeout=1',
  PGSSLMODE: 'require',
  PGSSLNEGOTIATION: 'direct',
  PGCLIENTENCODING: 'LATIN1',
  PGCLIENT_ENCODING: 'LATIN1',
  PGAPPNAME: 'other',
  PGTZ: 'Asia/Kolkata',
  PGDATESTYLE: 'German',
}

/** Session settings that a role or a database may have. */
const STORED = {
  search_path: 'nowhere',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  TimeZone: 'Asia/Kolkata',
  DateStyle: 'German, DMY',
  IntervalStyle: 'iso_8601',
  standard_conforming_strings: 'off',
  bytea_output: 'escape',
  statement_timeout: '3',
  lock_timeout: '1',
  idle_session_timeout: '30s',
  transform_null_equals: 'on',
  row_security: 'off',
}

/** Returns the URL without the session options of the test. */
const plain = (url: string): string => url.replace(/\?.*/, '')

const setStored = async (sql: (text: string) => Promise<unknown>, url: string) => {
  const name = new URL(url).pathname.slice(1)
  for (const [setting, value] of Object.entries(STORED))
    await sql(`alter database ${name} set ${setting} = ${setting === 'search_path' ? value : `'${value}'`}`)
}

const setShell = (t: Test) => {
  const before = { ...process.env }
  Object.assign(process.env, SHELL)
  t.teardown(() => {
    for (const name of Object.keys(SHELL)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  })
}

t.test('ignores session settings of the shell, the database and the role at a login', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  await setStored(world.sql, world.url)
  setShell(t)
  const instance = await world.startInstance({ databaseUrl: plain(world.url) })
  t.match(await instance.logIn('alice'), { token_type: 'Bearer' })
  t.equal((await instance.get('/health/ready')).status, 200)
  const { rows } = await instance.database.kysely.executeQuery<Record<string, string>>({
    sql: `select current_setting('TimeZone') as zone, current_setting('search_path') as path,
      current_setting('application_name') as name, current_setting('statement_timeout') as "timeout"`,
    parameters: [],
    query: { kind: 'RawNode' } as never,
    queryId: { queryId: 'q' },
  })
  t.match(rows, [{ zone: 'UTC', path: '"$user", public', name: 'doorcode', timeout: '2s' }])
})

t.test('ignores session settings in the command, and timeouts of the role in a migration', async (t) => {
  const world = await createWorld(t, { invariants: false })
  await world.sql('drop schema public cascade')
  await world.sql('create schema public')
  await setStored(world.sql, world.url)
  setShell(t)
  const env = { DATABASE_URL: plain(world.url) }
  t.match(await runHere(['migrate'], { env }), { code: 0, stdout: /^Ran 0001/, stderr: '' })
  t.match(await runHere(['user', 'list'], { env }), { code: 0, stdout: 'No users exist.\n', stderr: '' })
})

t.test('keeps the options in DATABASE_URL', async (t) => {
  const world = await createWorld(t, { invariants: false })
  await world.sql('drop schema public cascade')
  await world.sql('create schema elsewhere')
  const moved = new URL(world.url)
  moved.search = '?options=-c%20search_path=elsewhere'
  const env = { DATABASE_URL: moved.href }
  t.match(await runHere(['migrate'], { env }), { code: 0, stdout: /^Ran 0001/ })
  t.match(await runHere(['user', 'list'], { env }), { code: 0, stdout: 'No users exist.\n' })
})

t.test('takes the password only from DATABASE_URL', async (t) => {
  const world = await createWorld(t)
  setShell(t)
  process.env['PGPASSWORD'] = new URL(world.url).password
  const bare = new URL(world.url)
  bare.password = ''
  const { code, stderr } = await runHere(['user', 'list'], { env: { DATABASE_URL: bare.href } })
  t.equal(code, 1)
  t.match(stderr, /^the database rejects the user name or the password in DATABASE_URL/)
})

const DAY = 86_400_000

t.test('returns 503 for an untrusted database certificate, and explains it in log and doctor', async (t) => {
  const world = await createWorld(t, { invariants: false })
  await world.addUser('alice')
  const url = new URL(world.url)
  const folder = makeFolder(t)
  const trusted = join(folder, 'ca.pem')
  const later = new Date(Date.now() + DAY)
  const good = makeCertificate({ host: 'localhost', to: later })
  writeFileSync(trusted, good.cert)
  const past = { from: new Date(Date.now() - 2 * DAY), to: new Date(Date.now() - DAY) }
  const cases = [
    ['self-signed', good, '', /is not signed by a CA that this machine trusts/, /sslrootcert=/],
    [
      'expired',
      makeCertificate({ host: 'localhost', ...past }),
      'own',
      /has expired or is not valid yet/,
      /Renew the certificate/,
    ],
    [
      'for another name',
      makeCertificate({ host: 'db.example.com', to: later }),
      'own',
      /is for another host name/,
      /a host name of the certificate/,
    ],
  ] as const
  for (const [what, certificate, ca, means, todo] of cases) {
    const port = await startTlsFront(t, Number(url.port), certificate)
    const file = join(folder, `${port}.pem`)
    writeFileSync(file, certificate.cert)
    const address = new URL(url)
    address.host = `localhost:${port}`
    address.searchParams.set('sslmode', 'verify-full')
    if (ca) address.searchParams.set('sslrootcert', file)
    const before = world.logged.length
    const instance = await world.startInstance({ databaseUrl: address.href })
    const answer = await instance.login('alice')
    t.match(answer, { status: 503, body: { code: 'service_unavailable', retry_after: Number } }, what)
    t.ok(Number(answer.headers['retry-after']) >= 5)
    const line = world.logged.slice(before).find((text) => text.includes('"event":"problem"'))!
    t.match(JSON.parse(line).advice, means, what)
    t.match(JSON.parse(line).advice, /DATABASE_URL/, what)
    const tool = what === 'expired' ? ['doctor'] : ['user', 'list']
    const { stdout, stderr } = await runHere(tool, { env: { DATABASE_URL: address.href } })
    t.match(`${stdout}${stderr}`, todo, what)
  }

  const port = await startTlsFront(t, Number(url.port), good)
  url.host = `localhost:${port}`
  url.searchParams.set('sslmode', 'verify-full')
  url.searchParams.set('sslrootcert', trusted)
  const instance = await world.startInstance({ databaseUrl: url.href })
  t.equal((await instance.login('alice')).status, 200, 'a login works with the CA of the certificate')
})

t.test('reports a server without TLS, and a certificate file that does not exist', async (t) => {
  const world = await createWorld(t)
  const say = async (search: string) => {
    const { code, stderr } = await runHere(['user', 'list'], { env: { DATABASE_URL: `${plain(world.url)}${search}` } })
    t.equal(code, 1)
    return stderr
  }
  t.match(await say('?sslmode=verify-full'), /^DATABASE_URL requires TLS: The server does not support SSL/)
  t.match(
    await say('?sslmode=verify-full&sslrootcert=/nowhere/ca.pem'),
    /^DATABASE_URL names a certificate or key that cannot be read: the file does not exist: \/nowhere\/ca\.pem\. For example:/,
  )
})

t.test('returns 503 for a pooler in transaction mode, and names it in log and doctor', async (t) => {
  const world = await createWorld(t, { invariants: false })
  await world.addUser('alice')
  const pooled = await startTransactionPooler(world.url)
  const instance = await world.startInstance({ databaseUrl: pooled })
  const other = await world.startInstance({ databaseUrl: pooled })
  await instance.login('alice')
  t.match(await other.login('alice'), { status: 503, body: { code: 'service_unavailable', retry_after: Number } })
  const line = world.logged.findLast((text) => text.includes('"event":"problem"'))!
  t.match(JSON.parse(line), {
    err: { code: '42P05' },
    advice: /^the server at DATABASE_URL is a connection pooler in transaction mode: /,
  })
  const { stdout } = await runHere(['doctor'], { env: { DATABASE_URL: pooled } })
  t.match(stdout, /^fault +database .*pooler.*session mode/m)
})
