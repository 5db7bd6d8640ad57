import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { runHere } from '../cli/tool.ts'
import { createAdminWorld } from '../support/admin.ts'
import { createWorld } from '../support/app.ts'

const NEW = 'an older tale of four other words'
const LOCAL = 'firstname.lastname+a-tag-of-one-service'

/** Returns an email address of the given length in characters. */
const address = (length: number, start = LOCAL) => `${start}@${'d'.repeat(length - start.length - 13)}.example.com`

const LONGEST = address(254)

t.test('accepts an email address of up to 254 characters as a username, in any case', async (t) => {
  const world = await createAdminWorld(t, { resendCooldown: 0 })
  for (const [nth, username] of [address(74), address(253, 'b'), LONGEST].entries()) {
    t.equal(username.length, [74, 253, 254][nth])
    const { status, body } = await world.post('/register', { username, password: NEW, phone: `+1202555016${nth}` })
    t.equal(status, 200)
    const verified = await world.verify(body.pending_token, world.lastCode())
    t.match(await world.get('/me', verified.body.access_token), { body: { username } })
    t.equal((await world.login(username.toUpperCase(), NEW)).status, 200, 'in upper case')
    const found = await world.admin.get(`/admin/users?q=${encodeURIComponent(username)}`)
    t.match(found, { body: { users: [{ username }] } })
  }
  t.match(await world.post('/register', { username: LONGEST.toUpperCase(), password: NEW, phone: '+12025550170' }), {
    status: 409,
  })
  const first = await world.admin.get('/admin/users?limit=1')
  t.match(await world.admin.get(`/admin/users?limit=2&after=${first.body.next}`), { body: { users: [{}, {}] } })

  for (const username of [`${LONGEST}m`, 'x'.repeat(255), '😀'.repeat(255)]) {
    const refused = { status: 400, body: { errors: [{ path: '/username' }] } }
    t.match(await world.post('/register', { username, password: NEW, phone: '+12025550171' }), refused)
    t.match(await world.admin.post('/admin/users', { username, phone: '+12025550171' }), refused)
    t.match(await world.login(username), refused)
  }
})

t.test('accepts 254 characters of any script and limits the normalized username', async (t) => {
  const world = await createAdminWorld(t, { resendCooldown: 0 })
  for (const [nth, character] of ['😀', 'é', 'ｘ', '漢'].entries()) {
    const username = character.repeat(254)
    const made = await world.admin.post('/admin/users', { username, password: NEW, phone: `+1202555018${nth}` })
    t.equal(made.status, 201, character)
    t.equal((await world.login(username, NEW)).status, 200, character)
  }
  // NFKC expands the first to 18 characters, and the others to many incompressible bytes.
  const ligatures = Array.from({ length: 254 }, (_, nth) => String.fromCodePoint(0xfc00 + ((nth * 97) % 350))).join('')
  for (const username of ['ﷺ'.repeat(254), 'ß'.repeat(254), ligatures, `ﷺ${'x'.repeat(253)}`]) {
    const character = username.slice(0, 2)
    const user = { username, password: NEW, phone: '+12025550190' }
    const refused = { status: 400, body: { errors: [{ path: '/username', message: /longer than 254/ }] } }
    t.match(await world.post('/register', user), refused, character)
    t.match(await world.admin.post('/admin/users', user), refused, character)
    t.match(await world.login(username, NEW), { status: 401 }, 'an unknown username')
    t.equal((await world.admin.get(`/admin/users?q=${encodeURIComponent(username)}`)).status, 200)
  }
})

t.test('adds and imports long usernames at the command line', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const file = `${t.testdir()}/users.db`
  const flask = new DatabaseSync(file)
  flask.exec('create table users (username text, password text, phone_number text)')
  const insert = flask.prepare('insert into users values (?, ?, ?)')
  insert.run(address(253, 'imported'), NEW, '+12025550143')
  insert.run(`${LONGEST}m`, NEW, '+12025550144')
  flask.close()
  const env = { DATABASE_URL: world.url }
  const imported = await runHere(['import', 'flask', file], { env })
  t.match(imported.stdout, /1 imported, 0 exist already, 1 invalid/)
  t.match(imported.stdout, /longer than 254 characters/)
  const added = await runHere(['user', 'add', LONGEST, '--phone', '+12025550145', '--password-stdin'], {
    env,
    input: NEW,
  })
  t.equal(added.code, 0)
  for (const name of [LONGEST, address(253, 'IMPORTED')]) t.equal((await world.login(name, NEW)).status, 200)
  t.equal((await runHere(['user', 'add', `${LONGEST}m`, '--phone', '+12025550145'], { env })).code, 1)
})
