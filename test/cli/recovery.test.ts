import t from 'tap'
import { createWorld, PASSWORD } from '../support/app.ts'
import { runHere } from './tool.ts'

const NEW = 'an older tale of four other words'

t.test('restores a lost account to its owner, and ends all its sessions', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const tool = (args: string[], input = '') => runHere(args, { env: { DATABASE_URL: world.url }, input })
  const recover = async (args: string[], input?: string) => {
    const held = await world.logIn('alice', { remember_device: true }, input === undefined ? PASSWORD : NEW)
    return { held, ended: await tool(args, input) }
  }
  const isOut = async (held: { refresh_token: string; access_token: string }, what: string) => {
    t.equal((await world.refresh(held.refresh_token)).status, 401, what)
    t.equal((await world.as(held.access_token).get('/me')).status, 401, what)
  }

  const phone = await recover(['user', 'set-phone', 'alice', '--phone', '+1 202 555 0199'])
  t.match(phone.ended, { code: 0, stdout: /alice has the phone \+12025550199/ })
  await isOut(phone.held, 'after another number')
  await world.login('alice')
  t.equal(world.messages.at(-1)!.to, '+12025550199')

  const signOut = await recover(['user', 'sign-out', 'alice'])
  t.match(signOut.ended, { code: 0, stdout: /signed out everywhere/ })
  await isOut(signOut.held, 'after a sign-out')

  const held = await world.logIn('alice')
  t.match(await tool(['user', 'set-password', 'alice', '--password-stdin'], 'password123\n'), {
    code: 1,
    stderr: /most common/,
  })
  t.equal((await world.refresh(held.refresh_token)).status, 200, 'a rejected change ends no session')
  t.match(await tool(['user', 'set-password', 'alice', '--password-stdin'], `${NEW}\n`), {
    code: 0,
    stdout: /new password/,
  })
  await isOut(held, 'after another password')
  t.equal((await world.login('alice')).status, 401)
  t.equal((await world.logIn('alice', {}, NEW)).token_type, 'Bearer')
})

t.test('resets the failures of one factor, and leaves other users unchanged', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')
  const bob = await world.logIn('bob')
  await world.sql('update factors set failures = 100, disabled_at = now()')
  const tool = (...args: string[]) => runHere(args, { env: { DATABASE_URL: world.url }, input: '' })
  t.equal((await tool('user', 'set-phone', 'ALICE', '--phone', '+12025550198')).code, 0)
  t.match(await world.sql('select failures, phone from factors order by phone desc'), [
    { failures: 0, phone: '+12025550198' },
    { failures: 100, phone: '+12025550144' },
  ])
  t.equal((await world.refresh(bob.refresh_token)).status, 200)
  for (const args of [
    ['user', 'set-phone', 'nobody', '--phone', '+12025550198'],
    ['user', 'set-phone', 'alice', '--phone', 'x'],
    ['user', 'sign-out', 'nobody'],
  ]) {
    t.match(await tool(...args), { code: 1, stdout: '' }, args.join(' '))
  }
  t.match(await tool('user', 'set-phone', 'alice'), { code: 2 })
})
