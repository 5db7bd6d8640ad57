import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Problem } from '../../src/errors.ts'
import { createBreachRange } from '../../src/passwords/breach-range.ts'
import { mostUsedPasswords } from '../../src/passwords/most-used.ts'
import { createPasswordPolicy } from '../../src/passwords/policy.ts'

const policy = createPasswordPolicy({ serviceName: 'Example', onUnavailable: () => {} })
const reasonOf = (password: string, username = 'alice') =>
  policy.assertAcceptable(password, username).then(
    () => undefined,
    (error: Problem) => error.details.detail,
  )

t.test('requires 8 to 256 code points, counted after NFC', async (t) => {
  t.match(await reasonOf('1bcdefg'), /shorter/)
  t.match(await reasonOf('🙂🙃🤠🤓👻🤖👽'), /shorter/, 'seven code points in fourteen UTF-16 units')
  t.match(await reasonOf('e\u0301a\u0301i\u0301o\u0301xyz'), /shorter/, 'seven code points after NFC, eleven before')
  t.equal(await reasonOf('🙂🙃🤠🤓👻🤖👽🎃'), undefined)
  t.equal(await reasonOf('xq'.repeat(64).slice(0, 125).concat('z', 'w', 'v')), undefined)
  t.match(await reasonOf(`${'abc'.repeat(86)}`), /longer/)
})

t.test('rejects more than 3,000 common passwords and accepts good ones', async (t) => {
  t.ok((await mostUsedPasswords()).size > 3_000, 'ASVS 6.2.4')
  for (const password of ['12345678', 'PASSWORD', 'iloveyou', 'ｑｗｅｒｔｙｕｉｏｐ', 'football', 'trustno1']) {
    t.match(await reasonOf(password), /most common/, password)
  }
  for (const password of ['correct horse battery staple', 'tr0ub4dor&3x', 'ñandú en bici', 'alice likes long walks']) {
    t.equal(await reasonOf(password), undefined, password)
  }
})

t.test('rejects a user name followed by a year', async (t) => {
  for (const password of ['alice2026', 'Alice!Alice!', '123alice123', 'ALICE-1984']) {
    t.match(await reasonOf(password), /user name/, password)
  }
  t.equal(
    await reasonOf('al-2026-xyz', 'al'),
    undefined,
    'names of two letters are ignored, as many words contain them',
  )
})

t.test('finds a breached password and sends only five digits of its hash', async (t) => {
  const asked: string[] = []
  let answer: (prefix: string) => [number, string] = () => [200, '']
  const server = createServer((request, response) => {
    const prefix = request.url!.split('/').at(-1)!
    asked.push(prefix)
    const [status, body] = answer(prefix)
    if (status === 0) return
    response.writeHead(status).end(body)
  })
  server.listen(0, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const faults: unknown[] = []
  const asking = createPasswordPolicy({
    serviceName: 'Example',
    isBreached: createBreachRange(`http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`),
    onUnavailable: (error) => faults.push(error),
  })
  const password = 'a rather good one, but known'
  const hash = createHash('sha1').update(password).digest('hex').toUpperCase()

  answer = () => [200, `0000000000000000000000000000000000A:3\r\n${hash.slice(5)}:12\r\n`]
  const refusal = await asking.assertAcceptable(password, 'alice').catch((error: Problem) => error)
  t.match(refusal, { code: 'password_rejected', details: { detail: /breach/ } })
  t.strictSame(asked, [hash.slice(0, 5)], 'only five digits are sent')

  answer = () => [200, `${hash.slice(5)}:0\r\n`]
  await t.resolves(asking.assertAcceptable(password, 'alice'), 'a padding line with count 0 is ignored')
  t.equal(faults.length, 0)
  for (const [status, why] of [
    [500, 'an error'],
    [302, 'a redirect'],
    [0, 'no response'],
  ] as const) {
    answer = () => [status, '']
    await t.resolves(asking.assertAcceptable(password, 'alice'), `${why} does not block the password`)
  }
  t.equal(faults.length, 3, 'each failure is reported to the operator')
  t.ok(refusal instanceof Problem)
})
