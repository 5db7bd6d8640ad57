import { verify } from '@node-rs/argon2'
import t from 'tap'
import { startEmbedded } from '../../db/embedded.ts'
import { query } from '../support/postgres.ts'
import { makeFolder, runHere, runTool } from './tool.ts'

const PASSWORD = 'correct horse battery staple'
const PHONE = '+12025550143'

const dataDir = makeFolder(t)
// Stays running, as beside a server, so that no run starts and stops it.
const postgres = await startEmbedded({ dataDir })
t.teardown(() => postgres.stop())

const tool = (...args: string[]) => runHere(args, { env: { DATA_DIR: dataDir } })
const add = (name: string, input: string | Buffer, phone = PHONE) =>
  runHere(['user', 'add', '--phone', phone, '--password-stdin', '--', name], { env: { DATA_DIR: dataDir }, input })
const sql = (text: string) => query(postgres.url, text)

t.test('reports an empty list, on a database without migrations', async (t) => {
  t.strictSame(await tool('user', 'list'), { code: 0, stdout: 'No users exist.\n', stderr: '' })
})

t.test('adds a user with the password from one line of stdin, and never prints it', async (t) => {
  const { code, stdout, stderr } = await runTool(
    ['user', 'add', 'Ada', '--phone', '1 (202) 555-0143', '--password-stdin'],
    {
      env: { DATA_DIR: dataDir },
      input: `${PASSWORD}\r\nanother line\n`,
      keepOpen: true,
    },
  )
  t.equal(code, 0)
  t.equal(stdout, `Added Ada with the phone ${PHONE}.\n`)
  t.equal(stderr, '')
  const [user] = await sql('select username, password_hash, phone from users join factors using (user_id)')
  t.match(user, { username: 'Ada', phone: PHONE })
  t.ok(await verify(String(user!['password_hash']), PASSWORD))
})

t.test('rejects a name that is taken in another spelling', async (t) => {
  const { code, stdout, stderr } = await add('ＡDA', PASSWORD)
  t.equal(code, 1)
  t.equal(stdout, '')
  t.equal(stderr, 'The user name "ＡDA" is taken. Nothing was changed.\n')
})

t.test('rejects what /login would never accept, and adds no user', async (t) => {
  const refused = await Promise.all([
    add('bob', 'short'),
    add('bob', ''),
    add('bob', 'x'.repeat(100_000)),
    add('bob', Buffer.from('latin-1 passwörd', 'latin1')),
    add('b\tb', PASSWORD),
    add('bob', PASSWORD, '+12'),
  ])
  t.strictSame(
    refused.map(({ stderr }) => stderr),
    [
      'The password is shorter than 8 characters.\n',
      'The password is shorter than 8 characters.\n',
      'The password is longer than 256 characters.\n',
      'The password is not UTF-8.\n',
      'The user name has control characters or unpaired surrogates.\n',
      'The phone number does not start with a country code; write it like +18009998877.\n',
    ],
  )
  t.ok(refused.every(({ code, stdout }) => code === 1 && stdout === ''))
  t.strictSame(await sql('select count(*)::int from users'), [{ count: 1 }])
})

t.test('stores a language in its canonical form, and rejects an invalid one', async (t) => {
  const addWith = (name: string, locale: string) =>
    runHere(['user', 'add', name, '--phone', PHONE, '--locale', locale, '--password-stdin'], {
      env: { DATA_DIR: dataDir },
      input: PASSWORD,
    })
  t.match(await addWith('Zoe', 'no such language'), {
    code: 1,
    stderr: '--locale must be a language tag. For example: --locale pt-BR\n',
  })
  t.equal((await addWith('Zoe', 'PT-br')).code, 0)
  t.strictSame(await sql(`select locale from users where username = 'Zoe'`), [{ locale: 'pt-BR' }])
  await sql(`delete from users where username = 'Zoe'`)
})

t.test('requires --password-stdin without a terminal', async (t) => {
  const { code, stderr } = await tool('user', 'add', 'bob', '--phone', PHONE)
  t.equal(code, 2)
  t.match(
    stderr,
    /^A password prompt needs a terminal\. Use --password-stdin, with the password as one line of stdin\.\n/,
  )
})

t.test('lists each user with every reason that prevents a login', async (t) => {
  await add('-élodie いろ', PASSWORD, '+44 20 7946 0958')
  await sql(`update factors set locked_until = '2100-01-01', failures = 10 where phone like '+44%'`)
  await sql(`update factors set locked_until = '2000-01-01' where phone like '+1%'`)
  t.equal(
    (await tool('user', 'list')).stdout,
    [
      'USER          PHONE          LANGUAGE  STATE',
      '-élodie いろ  +442079460958  -         locked until 2100-01-01T00:00:00Z',
      `Ada           ${PHONE}   -         active`,
      '',
    ].join('\n'),
  )
})

t.test('disables and enables a user and resets the factor, in any spelling of the name', async (t) => {
  await sql(`update factors set disabled_at = now(), failures = 100 where phone = '${PHONE}'`)
  const stateOfAda = async () => /^Ada .*\d {2,}- +(.*)$/m.exec((await tool('user', 'list')).stdout)?.[1]

  t.equal((await tool('user', 'disable', 'ADA')).stdout, 'ADA is disabled.\n')
  t.equal(await stateOfAda(), 'disabled, factor disabled')
  t.strictSame(await sql(`select auth_epoch from users where username = 'Ada'`), [{ auth_epoch: 1 }])
  t.equal((await tool('user', 'reset-factor', 'ada')).stdout, 'ada has a fresh second factor.\n')
  t.equal(await stateOfAda(), 'disabled')
  t.equal((await tool('user', 'enable', 'ada')).stdout, 'ada is enabled.\n')
  t.equal(await stateOfAda(), 'active')
  t.strictSame(await sql(`select failures from factors where phone = '${PHONE}'`), [{ failures: 0 }])
})

t.test('answers an unknown name in one line', async (t) => {
  const answers = await Promise.all(
    ['disable', 'enable', 'reset-factor'].map((command) => tool('user', command, 'nobody')),
  )
  for (const { code, stdout, stderr } of answers) {
    t.equal(code, 1)
    t.equal(stdout, '')
    t.equal(stderr, 'The user "nobody" does not exist.\n')
  }
})

t.test('leaves a Postgres running that another process started', async (t) => {
  t.strictSame(await sql('select 1 as one'), [{ one: 1 }])
})
