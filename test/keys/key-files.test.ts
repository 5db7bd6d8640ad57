import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keyFileIn, readKeyFile, secretIn, writeKeyFile } from '../../src/keys/key-files.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

t.test('a new key file holds one key that can be read, and tells its id', async (t) => {
  for (const alg of ['EdDSA', 'ES256'] as const) {
    const path = join(t.testdir(), 'keys.json')
    const kid = writeKeyFile(path, alg)
    t.same(
      (await readKeyFile(path, alg)).map((key) => [key.kid, key.alg]),
      [[kid, alg]],
    )
  }
})

t.test('a key file and a secret are readable by their owner alone', async (t) => {
  const folder = join(t.testdir(), 'new', 'folder')
  const path = join(folder, 'keys.json')
  writeKeyFile(path, 'EdDSA')
  t.equal(modeOf(path), '600')
  secretIn(folder)
  t.equal(modeOf(join(folder, 'secret')), '600')
  t.equal(modeOf(keyFileIn(folder, 'ES256')), '600')
})

t.test('a key file is never overwritten', async (t) => {
  const path = join(t.testdir({ 'keys.json': 'whatever it was' }), 'keys.json')
  t.throws(() => writeKeyFile(path, 'EdDSA'), { code: 'EEXIST' })
  t.equal(readFileSync(path, 'utf8'), 'whatever it was')
})

t.test('a bad key file is named, with what is wrong and the command that makes a right one', async (t) => {
  const path = join(t.testdir({ 'keys.json': '{' }), 'keys.json')
  await t.rejects(readKeyFile(path, 'ES256'), {
    message: `JWT_KEYS_FILE ${path}: is not JSON. Make one with: npx doorcode keys new --file ${path} --alg ES256`,
  })
})

t.test('a folder is all the key sets in it, in the order of their names, and nothing else', async (t) => {
  const folder = t.testdir({ 'notes.txt': 'not a key', '.c.json.draft': '{', '..data': {} })
  const kids = ['b.json', 'a.json'].map((name) => writeKeyFile(join(folder, name), 'EdDSA'))
  t.same(
    (await readKeyFile(folder, 'EdDSA')).map(({ kid }) => kid),
    kids.reverse(),
  )
  writeFileSync(join(folder, 'c.json'), '{')
  await t.rejects(readKeyFile(folder, 'EdDSA'), { message: /^JWT_KEYS_FILE \/.*: c\.json is not JSON\./ })
  await t.rejects(readKeyFile(t.testdir({ empty: {} }), 'EdDSA'), { message: /has no key set in it/ })
})

t.test('a missing key file is named too', async (t) => {
  const path = join(t.testdir(), 'none.json')
  await t.rejects(readKeyFile(path, 'EdDSA'), {
    message: /^JWT_KEYS_FILE .*none\.json: ENOENT.*npx doorcode keys new --file/,
  })
  t.notOk(existsSync(path), 'reading makes no file')
})

t.test('the secret of a data folder is made once, long enough, and stays', async (t) => {
  const folder = join(t.testdir(), '.data')
  const secret = secretIn(folder)
  t.ok(secret.length >= 32)
  t.equal(secretIn(folder), secret)
  t.not(secretIn(join(folder, 'other')), secret)
  writeFileSync(join(folder, 'secret'), `${secret}\n`)
  t.equal(secretIn(folder), secret, 'a line end is no part of it')
})

t.test('the keys of a data folder are made once for each algorithm, and stay', async (t) => {
  const folder = join(t.testdir(), '.data')
  const [edDsa, es256] = [keyFileIn(folder, 'EdDSA'), keyFileIn(folder, 'ES256')]
  t.not(edDsa, es256)
  const [{ kid }] = await readKeyFile(edDsa, 'EdDSA')
  t.equal((await readKeyFile(keyFileIn(folder, 'EdDSA'), 'EdDSA'))[0].kid, kid)
  t.equal((await readKeyFile(es256, 'ES256'))[0].alg, 'ES256')
})
