import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keyFileIn, readKeyFile } from '../../src/keys/key-files.ts'
import { makeFolder, runHere, runTool } from './tool.ts'

t.test('creates the key file where the server looks for it in development', async (t) => {
  const dataDir = makeFolder(t)
  for (const [alg, args] of [
    ['EdDSA', []],
    ['ES256', ['--alg', 'ES256']],
  ] as const) {
    const { code, stdout } = await runHere(['keys', 'new', ...args], { env: { DATA_DIR: dataDir } })
    t.equal(code, 0)
    const before = readdirSync(dataDir).length
    const [key] = await readKeyFile(keyFileIn(dataDir, alg), alg)
    t.equal(readdirSync(dataDir).length, before, 'the server creates no other key')
    t.match(stdout, key.kid)
  }
})

t.test('creates a private key file with the configured algorithm, and prints no key', async (t) => {
  const file = join(makeFolder(t), 'keys', 'jwt.json')
  const { code, stdout, stderr } = await runTool(['keys', 'new', '--file', file], { env: { JWT_ALGORITHM: 'ES256' } })
  t.equal(code, 0)
  t.equal((await readKeyFile(file, 'ES256')).length, 1)
  if (process.platform !== 'win32') t.equal(statSync(file).mode & 0o777, 0o600)
  t.notMatch(stdout + stderr, JSON.parse(readFileSync(file, 'utf8')).keys[0].d)
})

t.test('writes to JWT_KEYS_FILE, and never replaces an existing file', async (t) => {
  const file = join(makeFolder(t), 'jwt.json')
  const env = { NODE_ENV: 'production', JWT_KEYS_FILE: file }
  t.equal((await runHere(['keys', 'new'], { env })).code, 0)
  const first = readFileSync(file, 'utf8')
  const { code, stderr } = await runHere(['keys', 'new'], { env })
  t.equal(code, 1)
  t.equal(stderr, `${file} exists already and was not changed.\n`)
  t.equal(readFileSync(file, 'utf8'), first)
})

t.test('requires the path of the file in production', async (t) => {
  const { code, stderr } = await runHere(['keys', 'new'], { env: { NODE_ENV: 'production' } })
  t.equal(code, 1)
  t.match(stderr, /^JWT_KEYS_FILE is missing: .*\n$/)
})

t.test('reports a path through a file in one line', async (t) => {
  const folder = makeFolder(t)
  const file = join(folder, 'jwt.json')
  t.equal((await runHere(['keys', 'new', '--file', file])).code, 0)
  const { code, stderr } = await runHere(['keys', 'new', '--file', join(file, 'jwt.json')])
  t.equal(code, 1)
  t.equal(stderr, `${file} cannot be created: a file with that name exists.\n`)
})
