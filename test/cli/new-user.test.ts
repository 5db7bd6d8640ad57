import t from 'tap'
import { checkPassword, checkPhone, checkUsername } from '../../src/cli/new-user.ts'

t.test('a password is counted in code points, from 8 to 256', async (t) => {
  t.doesNotThrow(() => checkPassword('8 chars!'))
  t.doesNotThrow(() => checkPassword('😀'.repeat(8)))
  t.doesNotThrow(() => checkPassword('😀'.repeat(256)))
  t.throws(() => checkPassword('😀'.repeat(7)), { message: 'The password is shorter than 8 characters.' })
  t.throws(() => checkPassword(''), { message: 'The password is shorter than 8 characters.' })
  t.throws(() => checkPassword('x'.repeat(257)), { message: 'The password is longer than 256 characters.' })
})

t.test('a password that /login would refuse is refused here, and not shown', async (t) => {
  const unclean = { message: 'The password has control characters or half characters.' }
  t.throws(() => checkPassword('correct\thorse'), unclean)
  t.throws(() => checkPassword('correct\0horse'), unclean)
  t.throws(() => checkPassword('correct\ud83dhorse'), unclean)
  t.throws(() => checkPassword('correct\ufffdhorse'), { message: 'The password is not UTF-8.' })
})

t.test('a name is 1 to 64 code points, without the space around it', async (t) => {
  t.equal(checkUsername(' Ada Byron '), 'Ada Byron')
  t.equal(checkUsername('😀'.repeat(64)), '😀'.repeat(64))
  t.throws(() => checkUsername('x'.repeat(65)), { message: 'The user name is longer than 64 characters.' })
  t.throws(() => checkUsername(' '), { message: 'The user name is empty.' })
  t.throws(() => checkUsername('a\x1b[2Jb'), { message: 'The user name has control characters or half characters.' })
})

t.test('a phone number is stored as E.164, or refused with its reason', async (t) => {
  t.equal(checkPhone('+1 (202) 555-0143'), '+12025550143')
  t.throws(() => checkPhone('call me'), { message: /^The phone number has characters that no number has/ })
  t.throws(() => checkPhone('+99912345678'), { message: /^The phone number / })
})
