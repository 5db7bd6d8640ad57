import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keyFileIn, readKeyFile, secretIn, writeKeyFile } from '../../src/keys/key-files.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

t.test('writes a key file with one readable key and returns its id', async (t) => {
  for (const alg of ['EdDSA', 'ES256'] as const) {
    const path = join(t.testdir(), 'keys.json')
    const kid = writeKeyFile(path, alg)
    t.same(
      (await readKeyFile(path, alg)).map((key) => [key.kid, key.alg]),
      [[kid, alg]],
    )
  }
})

t.test('only the owner can read a key file and a secret', async (t) => {
  const folder = join(t.testdir(), 'new', 'folder')
  const path = join(folder, 'keys.json')
  writeKeyFile(path, 'EdDSA')
  t.equal(modeOf(path), '600')
  secretIn(folder)
  t.equal(modeOf(join(folder, 'secret')), '600')
  t.equal(modeOf(keyFileIn(folder, 'ES256')), '600')
})

t.test('never overwrites a key file', async (t) => {
  const path = join(t.testdir({ 'keys.json': 'earlier content' }), 'keys.json')
  t.throws(() => writeKeyFile(path, 'EdDSA'), { code: 'EEXIST' })
  t.equal(readFileSync(path, 'utf8'), 'earlier content')
})

t.test('the error for an invalid file has its path, the fault and the command that makes a new one', async (t) => {
  const path = join(t.testdir({ 'keys.json': '{' }), 'keys.json')
  await t.rejects(readKeyFile(path, 'ES256'), {
    message: `JWT_KEYS_FILE ${path}: is not JSON. Make one with: npx doorcode keys new --file ${path} --alg ES256`,
  })
})

t.test('reads all key sets of a folder in the order of their names and ignores other files', async (t) => {
  const folder = t.testdir({ 'notes.txt': 'not a key', '.c.json.draft': '{', '..data': {} })
  const kids = ['b.json', 'a.json'].map((name) => writeKeyFile(join(folder, name), 'EdDSA'))
  t.same(
    (await readKeyFile(folder, 'EdDSA')).map(({ kid }) => kid),
    kids.reverse(),
  )
  writeFileSync(join(folder, 'c.json'), '{')
  await t.rejects(readKeyFile(folder, 'EdDSA'), { message: /^JWT_KEYS_FILE \/.*: c\.json is not JSON\./ })
  await t.rejects(readKeyFile(t.testdir({ empty: {} }), 'EdDSA'), { message: /contains no key set/ })
})

t.test('the error for a missing key file has its path', async (t) => {
  const path = join(t.testdir(), 'none.json')
  await t.rejects(readKeyFile(path, 'EdDSA'), {
    message: /^JWT_KEYS_FILE .*none\.json: ENOENT.*npx doorcode keys new --file/,
  })
  t.notOk(existsSync(path), 'reading does not create a file')
})

t.test('creates the secret of a data folder once, with at least 32 characters', async (t) => {
  const folder = join(t.testdir(), '.data')
  const secret = secretIn(folder)
  t.ok(secret.length >= 32)
  t.equal(secretIn(folder), secret)
  t.not(secretIn(join(folder, 'other')), secret)
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  t.equal(secretIn(folder), secret, 'a line end is not part of the secret')
})

t.test('creates the keys of a data folder once for each algorithm', async (t) => {
  const folder = join(t.testdir(), '.data')
  const [edDsa, es256] = [keyFileIn(folder, 'EdDSA'), keyFileIn(folder, 'ES256')]
  t.not(edDsa, es256)
  const [{ kid }] = await readKeyFile(edDsa, 'EdDSA')
  t.equal((await readKeyFile(keyFileIn(folder, 'EdDSA'), 'EdDSA'))[0].kid, kid)
  t.equal((await readKeyFile(es256, 'ES256'))[0].alg, 'ES256')
})
