import t from 'tap'
import { checkPassword, checkPhone, checkUsername } from '../../src/cli/new-user.ts'

t.test('counts the 8 to 256 characters of a password in code points', async (t) => {
  await t.resolves(checkPassword('8 chars!', 'alice'))
  await t.resolves(checkPassword('a😀'.repeat(4).replace('a', 'b'), 'alice'))
  await t.resolves(checkPassword('a😀b😀'.repeat(64), 'alice'))
  await t.rejects(checkPassword('😀'.repeat(7), 'alice'), { message: 'The password is shorter than 8 characters.' })
  await t.rejects(checkPassword('', 'alice'), { message: 'The password is shorter than 8 characters.' })
  await t.rejects(checkPassword('password123', 'alice'), { message: /^The password is one of the most common ones/ })
  await t.rejects(checkPassword('x'.repeat(257), 'alice'), { message: 'The password is longer than 256 characters.' })
})

t.test('rejects a password that /login would reject, without echoing it', async (t) => {
  const unclean = { message: 'The password has control characters or unpaired surrogates.' }
  await t.rejects(checkPassword('correct\thorse', 'alice'), unclean)
  await t.rejects(checkPassword('correct\0horse', 'alice'), unclean)
  await t.rejects(checkPassword('correct\ud83dhorse', 'alice'), unclean)
  await t.rejects(checkPassword('correct\ufffdhorse', 'alice'), { message: 'The password is not UTF-8.' })
})

t.test('accepts names of 1 to 64 code points, without surrounding spaces', async (t) => {
  t.equal(checkUsername(' Ada Byron '), 'Ada Byron')
  t.equal(checkUsername('😀'.repeat(254)), '😀'.repeat(254))
  t.throws(() => checkUsername('x'.repeat(255)), { message: 'The user name is longer than 254 characters.' })
  t.throws(() => checkUsername(' '), { message: 'The user name is empty.' })
  t.throws(() => checkUsername('a\x1b[2Jb'), {
    message: 'The user name has control characters or unpaired surrogates.',
  })
})

t.test('normalizes a phone number to E.164, or rejects it with the reason', async (t) => {
  t.equal(checkPhone('+1 (202) 555-0143'), '+12025550143')
  t.throws(() => checkPhone('call me'), {
    message: /^The phone number has invalid characters/,
  })
  t.throws(() => checkPhone('+99912345678'), { message: /^The phone number / })
})
