import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { verify } from '@node-rs/argon2'
import t, { type Test } from 'tap'
import { createTestDatabase, query } from '../support/postgres.ts'
import { makeFolder, runHere } from './tool.ts'

const WERKZEUG = `scrypt:32768:8:1$abcdefgh$${'0'.repeat(128)}`

type Row = [username: unknown, password: unknown, phone: unknown]

/** Creates a database file like that of the tutorial's app, and runs the tool on an empty database. */
const setUp = async (
  t: Test,
  rows: Row[],
  columns = 'username TEXT, password TEXT, phone_number TEXT',
  table = 'users',
) => {
  const file = join(makeFolder(t), 'users.db')
  const sqlite = new DatabaseSync(file)
  sqlite.exec(`create table "${table}" (id integer primary key autoincrement, ${columns})`)
  const places = columns.split(',').map(() => '?')
  const insert = sqlite.prepare(`insert into "${table}" values (null, ${places})`)
  for (const row of rows) insert.run(...(row as string[]))
  sqlite.close()
  const url = await createTestDatabase(t)
  const tool = (...args: string[]) => runHere(['import', 'flask', file, ...args], { env: { DATABASE_URL: url } })
  const users = () =>
    query(
      url,
      'select username, password_hash, phone from users join factors using (user_id) order by username collate "C"',
    )
  return { file, url, tool, users }
}

t.test('imports users row by row and hashes their passwords; a second run changes nothing', async (t) => {
  const { tool, users } = await setUp(t, [
    ['ada', 'correct horse battery', '+1 202 555 0143'],
    ['bob', 'hunter2', '12025550144'],
    ['Zoë', 12345678n, 12025550145n],
  ])
  const dry = await tool('--dry-run')
  t.strictSame({ code: dry.code, stderr: dry.stderr }, { code: 0, stderr: '' })
  t.equal(
    dry.stdout,
    [
      'ROW  USER  OUTCOME            NOTE',
      '1    ada   would be imported  -',
      '2    bob   would be imported  weak password: The password is shorter than 8 characters.',
      '3    Zoë   would be imported  weak password: The password is one of the most common ones, which attackers try first.',
      '3 would be imported, 0 exist already, 0 invalid.',
      '',
    ].join('\n'),
  )
  t.strictSame(await users(), [], 'nothing has changed')

  const first = await tool()
  t.equal(first.code, 0)
  const squeezed = (text: string) => text.replaceAll(/ +/g, ' ')
  t.equal(squeezed(first.stdout), squeezed(dry.stdout.replaceAll('would be imported', 'imported')))
  const imported = await users()
  t.match(imported, [
    { username: 'Zoë', phone: '+12025550145' },
    { username: 'ada', phone: '+12025550143' },
    { username: 'bob', phone: '+12025550144' },
  ])
  t.ok(await verify(String(imported[1]!['password_hash']), 'correct horse battery'))
  t.ok(await verify(String(imported[0]!['password_hash']), '12345678'), 'a numeric password is imported')

  const second = await tool()
  t.equal(second.code, 0)
  t.match(second.stdout, /^1 +ada +exists already +not changed$/m)
  t.match(second.stdout, /^0 imported, 3 exist already, 0 invalid\.$/m)
  t.strictSame(await users(), imported)
  for (const { stdout, stderr } of [dry, first, second]) t.notMatch(stdout + stderr, /hunter2|correct horse|12345678/)
})

t.test('skips invalid rows with the reason, and imports the others', async (t) => {
  const { tool, users } = await setUp(t, [
    ['ada', 'a good long password', '+12025550143'],
    ['ADA', 'another good password', '+12025550144'],
    ['', 'a good long password', '+12025550145'],
    ['b\tb', 'a good long password', '+12025550145'],
    ['eve', 'a good long password', '555-0145'],
    ['fay', 'a good long password', null],
    [Buffer.from('gil'), 'a good long password', '+12025550145'],
  ])
  const { code, stdout, stderr } = await tool()
  t.equal(code, 1)
  t.equal(stderr, '6 of 7 rows were not imported. Fix them and run this again.\n')
  for (const line of [
    /^1 +ada +imported +-$/m,
    /^2 +ADA +invalid +The name is the same as in row 1, perhaps in another spelling\.$/m,
    /^3 +"" +invalid +The user name is empty\.$/m,
    /^4 +"b\\tb" +invalid +The user name has control characters/m,
    /^5 +eve +invalid +The phone number .*in use|country code/m,
    /^6 +fay +invalid +The phone number is missing\.$/m,
    /^7 +"" +invalid +The user name is empty\.$/m,
  ])
    t.match(stdout, line)
  t.match(await users(), [{ username: 'ada' }])
})

t.test('imports no password that is already a hash or that /login would refuse', async (t) => {
  const { tool, users } = await setUp(t, [
    ['ada', WERKZEUG, '+12025550143'],
    ['bob', `pbkdf2:sha256:600000$abcdefgh$${'0'.repeat(64)}`, '+12025550143'],
    ['cy', `$2b$12$${'x'.repeat(53)}`, '+12025550143'],
    ['dan', '5f4dcc3b5aa765d61d8327deb882cf99', '+12025550143'],
    ['eve', '', '+12025550143'],
    ['fay', 'x'.repeat(300), '+12025550143'],
    ['gil', 'tab\there it is', '+12025550143'],
    ['hal', `sha256$abcdefgh$${'0'.repeat(64)}`, '+12025550143'],
    ['ivy', '{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', '+12025550143'],
  ])
  const { code, stdout } = await tool()
  t.equal(code, 0)
  t.match(
    stdout,
    /^1 +ada +imported +without a password, because it is a hash of Werkzeug, which cannot be converted$/m,
  )
  t.match(stdout, /^4 +dan +imported +without a password, because it is a bare digest/m)
  t.match(stdout, /^5 +eve +imported +without a password, because it is empty$/m)
  t.match(stdout, /^6 +fay .* The password is longer than 256 characters\.$/m)
  t.match(stdout, /^9 cannot log in until you set a password: npx doorcode user set-password ada$/m)
  for (const { password_hash: hash } of await users()) t.equal(hash, null)
  t.notMatch(stdout, /scrypt:|5f4dcc|tab\t/)
})

t.test('supports other names for the table and columns, and numbers without a country code', async (t) => {
  const { tool, users } = await setUp(
    t,
    [['ada', 'a good long password', '(202) 555-0143']],
    '"nick name" TEXT, secret_word TEXT, "call me" TEXT',
    'member',
  )
  const named = ['--table', 'member', '--username', 'nick name', '--password', 'secret_word', '--phone', 'call me']
  t.match(await tool(...named), { code: 1, stdout: /The phone number/ })
  t.equal((await tool(...named, '--country', 'US')).code, 0)
  t.match(await users(), [{ username: 'ada', phone: '+12025550143' }])
})

t.test('answers missing files, tables and columns in one line that lists the existing ones', async (t) => {
  const { tool, file, url } = await setUp(t, [], 'username TEXT, motto TEXT')
  writeFileSync(`${file}.txt`, 'not a database, but long enough to be looked at as one')
  const run = (...args: string[]) => runHere(['import', ...args], { env: { DATABASE_URL: url } })
  for (const [answer, stderr, code] of [
    [
      tool('--table', 'people'),
      /users\.db has no table people\. Its tables are: .*users\. Choose one: --table <name>\n$/,
      1,
    ],
    [
      tool(),
      /^The table users has no column for the password\. Its columns are: id, username, motto\. Choose one: --password <column>\n$/,
      1,
    ],
    [tool('--password', 'pw'), /^The table users has no column pw\./, 1],
    [tool('--password', 'username', '--phone', 'motto'), /^--username and --password name the same column\.\n$/, 1],
    [run('flask', `${file}.txt`), /is not a SQLite database/, 1],
    [run('flask', '/nowhere.db'), /^The file \/nowhere\.db does not exist\.\n$/, 1],
    [run('flask'), /^"import flask" needs one SQLite file\. For example: /, 2],
    [tool('--country', 'usa'), /^--country must be an ISO 3166-1 country code such as US, not "usa"\./, 2],
    [run('django', file), /^Choose a subcommand for users of another system: flask\.\n/, 2],
    [run(), /^Choose a subcommand for users of another system: flask\.\n/, 2],
  ] as const) {
    t.match(await answer, { code, stdout: '', stderr })
  }
})

t.test('adds no users when the database fails half-way', async (t) => {
  const { tool, url } = await setUp(t, [
    ['ada', 'a good long password', '+12025550143'],
    ['bob', 'a good long password', '+12025550144'],
  ])
  await query(
    url,
    `create function refuse() returns trigger language plpgsql as $$ begin
       if new.phone = '+12025550144' then raise exception 'the disk is full' using errcode = '53100'; end if;
       return new;
     end $$`,
  )
  await query(url, 'create trigger refuse before insert on factors for each row execute function refuse()')
  t.match(await tool(), { code: 1, stderr: /the disk is full/ })
  t.strictSame(await query(url, 'select count(*)::int from users'), [{ count: 0 }])
})

t.test('does not change the imported file', async (t) => {
  const { tool, file } = await setUp(t, [['ada', 'a good long password', '+12025550143']])
  const { mtimeMs } = statSync(file)
  await tool()
  t.equal(statSync(file).mtimeMs, mtimeMs)
})
