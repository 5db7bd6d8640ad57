import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { deriveSecrets, parseSecrets } from '../../src/keys/secrets.ts'
import { makeFolder, runHere, runTool } from './tool.ts'

const FIRST = 'the secret that these tests begin with'
const iso = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z/, 'Z')

t.test('creates, rotates and retires a secret without printing it', async (t) => {
  const file = join(makeFolder(t), 'secret')
  const shown: string[] = []
  const secret = async (...args: string[]) => {
    const end = await runTool(['secret', ...args], { env: { SECRET_FILE: file, NODE_ENV: 'production' } })
    shown.push(end.stdout, end.stderr)
    return end
  }
  t.equal((await secret('new')).code, 0)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.match(await secret('new'), { code: 1, stderr: /exists already and was not changed/ })
  const [first] = parseSecrets(readFileSync(file, 'utf8'))
  t.match(await secret('rotate'), { code: 0, stdout: /It is used from 20.*Z/ })
  const [kept, added] = parseSecrets(readFileSync(file, 'utf8'))
  t.strictSame(kept, first)
  t.ok(Math.abs(added!.from - (Date.now() / 1000 + 60)) < 30)
  t.match(await secret('list'), { stdout: new RegExp(`${deriveSecrets(first.secret).id} +in use\n.* +next +from 20`) })
  t.match(await secret('rotate'), { code: 1, stderr: /already waits to become active/ })
  t.match(await secret('retire'), { code: 0, stdout: 'No former secrets exist.\n' })
  for (const { secret } of [first, added!]) t.notMatch(shown.join(), secret)
})

t.test('gives the new secret a later start if it rotates in the second the old one started', async (t) => {
  const file = join(makeFolder(t), 'secret')
  writeFileSync(file, `${FIRST}\n`)
  for (let nth = 0; nth < 2; nth += 1)
    t.equal((await runHere(['secret', 'rotate', '--file', file, '--delay', '0'])).code, 0)
  const [, second, third] = parseSecrets(readFileSync(file, 'utf8'))
  t.ok(third!.from > second!.from)
})

t.test('retires a former secret only when the longest challenge with its key has expired', async (t) => {
  const file = join(makeFolder(t), 'secret')
  const second = 'the secret that took its place in these'
  const write = (age: number) => writeFileSync(file, `${FIRST}\n${iso(-age)} ${second}\n`)
  write(600)
  const retire = (...args: string[]) => runHere(['secret', 'retire', '--file', file, ...args])
  const { id } = deriveSecrets(FIRST)
  t.match(await retire(), { code: 1, stderr: new RegExp(`^Secret ${id} can be retired from 20`) })
  write(700)
  t.match(await retire(), { code: 0, stdout: new RegExp(`^Removed ${id} from`) })
  t.match(readFileSync(file, 'utf8'), new RegExp(`^20.*Z ${second}\n$`))
  t.match(await retire(deriveSecrets(second).id, '--force'), { code: 1, stderr: /is the only one/ })
})

t.test('keeps the value of a secret that was one line without a date', async (t) => {
  const file = join(makeFolder(t), 'secret')
  writeFileSync(file, `${FIRST}\n`)
  t.equal((await runHere(['secret', 'rotate', '--file', file, '--delay', '600'])).code, 0)
  t.strictSame(parseSecrets(readFileSync(file, 'utf8'))[0], { secret: FIRST, from: 0 })
})

t.test('refuses to rotate a secret of several lines', async (t) => {
  const file = join(makeFolder(t), 'secret')
  writeFileSync(file, `${FIRST}\n${FIRST}\n`)
  t.match(await runHere(['secret', 'rotate', '--file', file]), {
    code: 1,
    stderr: /contains one secret of several lines/,
  })
  t.equal(readFileSync(file, 'utf8'), `${FIRST}\n${FIRST}\n`)
})

t.test('requires the path of the file in production, and a valid command', async (t) => {
  const env = { NODE_ENV: 'production' }
  t.match(await runHere(['secret', 'rotate'], { env }), { code: 2, stderr: /The secret file is unknown/ })
  t.match(await runHere(['secret'], { env }), { code: 2, stderr: /new, rotate, list, retire/ })
  t.equal((await runHere(['secret', 'list', '--file', ''])).code, 2)
})
