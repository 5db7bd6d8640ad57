import t from 'tap'
import { createWorld } from '../support/app.ts'
import { runHere } from './tool.ts'

t.test('prints an invite once, which makes one account', async (t) => {
  const world = await createWorld(t, { app: { credentials: { registration: 'invite' } } })
  const tool = (...args: string[]) => runHere(['invite', ...args], { env: { DATABASE_URL: world.url } })
  const { code, stdout, stderr } = await tool('--days', '2', '--note', 'for Carol')
  t.equal(code, 0)
  t.match(stdout, /^inv_[A-Za-z0-9_-]{43}\n$/, 'only the invite is printed, for a pipe')
  t.match(stderr, /valid for one account until \d{4}-/)
  const invite = stdout.trim()
  t.match(await world.sql('select note, user_id, expires_at - created_at as life from invites'), [
    { note: 'for Carol', user_id: null, life: { days: 2 } },
  ])
  t.notMatch(JSON.stringify(await world.sql('select * from invites')), invite, 'only its hash is stored')

  const asked = await world.post('/register', {
    username: 'carol',
    password: 'an older tale of four words',
    phone: '+12025550161',
    invite,
  })
  t.equal((await world.verify(asked.body.pending_token, world.lastCode())).status, 200)
  t.match(await world.sql('select user_id is not null as used from invites'), [{ used: true }])
})

t.test('rejects invalid arguments', async (t) => {
  const world = await createWorld(t)
  for (const args of [
    ['--days', '0'],
    ['--days', 'x'],
    ['--days', '366'],
    ['--days', '1.5'],
    ['carol'],
    ['--weeks', '1'],
  ]) {
    const { code, stdout, stderr } = await runHere(['invite', ...args], { env: { DATABASE_URL: world.url } })
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, /help/)
  }
  t.equal((await world.sql('select 1 from invites')).length, 0)
})
