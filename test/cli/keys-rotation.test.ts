import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { writeKeyFile } from '../../src/keys/key-files.ts'
import { generateKeySet, type KeySet, type StoredKey } from '../../src/keys/key-set.ts'
import { makeFolder, runHere, runTool } from './tool.ts'

const now = () => Math.floor(Date.now() / 1000)
const keyOf = (nbf?: number, alg: 'EdDSA' | 'ES256' = 'EdDSA'): StoredKey =>
  generateKeySet(alg, nbf === undefined ? {} : { nbf }).keys[0]!
const readSet = (file: string): KeySet => JSON.parse(readFileSync(file, 'utf8'))
const kidsIn = (file: string) => readSet(file).keys.map(({ kid }) => kid)

/** Writes a key file with these keys. */
const fileWith = (t: Test, ...keys: StoredKey[]): string => {
  const file = join(makeFolder(t), 'keys.json')
  writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 })
  return file
}

const HOUR = 3_600

t.test('adds a key that is published at once and signs ten minutes later', async (t) => {
  const file = join(makeFolder(t), 'keys.json')
  const first = writeKeyFile(file, 'ES256')
  const { code, stdout, stderr } = await runTool(['keys', 'rotate', '--file', file])
  t.equal(code, 0, stderr)
  const [old, added, ...more] = readSet(file).keys
  t.strictSame([old!.kid, more], [first, []])
  t.equal(added!.alg, 'ES256', 'the algorithm of the previous key')
  t.ok(Math.abs(added!.nbf! - (now() + 600)) < 30)
  t.ok(Math.abs(added!.iat! - now()) < 30)
  t.match(stdout, new RegExp(`Added the ES256 key ${added!.kid} to .*It signs from 20.*Z instead of ${first}\\.`))
  for (const { d } of readSet(file).keys) t.notMatch(stdout + stderr, d)
})

t.test('gives the new key a later start if it rotates in the second the old key was made', async (t) => {
  const file = join(makeFolder(t), 'keys.json')
  const before = now()
  writeKeyFile(file, 'EdDSA')
  t.equal((await runHere(['keys', 'rotate', '--file', file, '--delay', '0'])).code, 0)
  const [former, added] = readSet(file).keys
  t.ok(added!.nbf! > former!.nbf!)
  t.ok(added!.nbf! <= Math.max(now(), before + 1))
})

t.test('keeps the owner, mode, symlink and unknown members of the key file', async (t) => {
  const folder = makeFolder(t)
  mkdirSync(join(folder, 'real'))
  const real = join(folder, 'real', 'keys.json')
  writeFileSync(real, JSON.stringify({ note: 'kept', keys: [{ ...keyOf(), comment: 'kept too' }] }), { mode: 0o640 })
  const link = join(folder, 'keys.json')
  symlinkSync(real, link)
  const before = statSync(real)
  t.equal((await runHere(['keys', 'rotate', '--file', link])).code, 0)
  const after = statSync(real)
  t.strictSame([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid])
  t.not(after.ino, before.ino, 'the file is replaced, not overwritten')
  t.match(JSON.parse(readFileSync(real, 'utf8')), { note: 'kept', keys: [{ comment: 'kept too' }, { kid: /./ }] })
  t.strictSame(readdirSync(join(folder, 'real')), ['keys.json'], 'no draft is left')
})

t.test('loses no key in two parallel rotations, and refuses a third key', async (t) => {
  const file = fileWith(t, keyOf())
  const ends = await Promise.all([1, 2, 3].map(() => runTool(['keys', 'rotate', '--file', file])))
  t.equal(ends.filter(({ code }) => code === 0).length, 1, ends.map(({ stderr }) => stderr).join())
  t.equal(readSet(file).keys.length, 2)
  const again = await runHere(['keys', 'rotate', '--file', file])
  t.match(again, { code: 1, stderr: /already waits to become active\. Nothing was changed\./ })
  writeFileSync(join(file, '..', '.keys.json.draft'), '')
  const held = await runHere(['keys', 'rotate', '--file', file, '--delay', '1'])
  t.match(held, { code: 1, stderr: /^Another process is changing .*If none is, remove .*\.draft/ })
})

t.test('warns when a key signs before other services can fetch it', async (t) => {
  const file = fileWith(t, keyOf())
  const { code, stderr } = await runHere(['keys', 'rotate', '--file', file, '--delay', '300'])
  t.equal(code, 0)
  t.match(stderr, /^APIs may cache the key set for 300 s/)
  t.equal((await runHere(['keys', 'rotate', '--file', fileWith(t, keyOf()), '--delay', 'soon'])).code, 2)
})

t.test('lists which key signs, which is next and which can be retired', async (t) => {
  const [gone, former, signs, next] = [keyOf(), keyOf(now() - 3 * HOUR), keyOf(now() - HOUR), keyOf(now() + HOUR)]
  const other = keyOf(undefined, 'ES256')
  const { code, stdout } = await runHere(['keys', 'list', '--file', fileWith(t, gone, former, signs, next, other)])
  t.equal(code, 0)
  const lines = stdout.trim().split('\n')
  t.match(lines[1], new RegExp(`^${gone.kid} +EdDSA +former +can be retired$`))
  t.match(lines[2], new RegExp(`^${former.kid} +EdDSA +former +can be retired from 20.*Z$`))
  t.match(lines[3], new RegExp(`^${signs.kid} +EdDSA +signs +since 20.*Z$`))
  t.match(lines[4], new RegExp(`^${next.kid} +EdDSA +next +from 20.*Z$`))
  t.match(lines[5], new RegExp(`^${other.kid} +ES256 +signs$`))
  for (const { d } of [gone, former, signs, next, other]) t.notMatch(stdout, d)
})

t.test('retires former keys only when the longest token they signed has expired', async (t) => {
  const [gone, former, signs] = [keyOf(), keyOf(now() - 3 * HOUR), keyOf(now() - HOUR)]
  const file = fileWith(t, gone, former, signs)
  t.match(await runHere(['keys', 'retire', '--file', file]), { code: 0, stdout: new RegExp(`^Removed ${gone.kid} `) })
  t.strictSame(kidsIn(file), [former.kid, signs.kid])
  for (const args of [[], [former.kid]]) {
    const { code, stderr } = await runHere(['keys', 'retire', '--file', file, ...args])
    t.equal(code, 1)
    t.match(
      stderr,
      new RegExp(`^Key ${former.kid} can be retired from 20.*Z\\. Nothing was changed; --force removes it now\\.`),
    )
  }
  t.strictSame(kidsIn(file), [former.kid, signs.kid])
})

t.test('removes a leaked key at once with --force, unless no key would be left', async (t) => {
  const [leaked, next] = [keyOf(now() - HOUR), keyOf(now() + HOUR)]
  const file = fileWith(t, leaked, next)
  const retire = (...args: string[]) => runHere(['keys', 'retire', '--file', file, ...args])
  t.match(await retire(leaked.kid), { code: 1, stderr: /is in use\. Rotate first; --force removes it now\./ })
  t.match(await retire('--force'), { code: 2, stderr: /needs the id/ })
  t.match(await retire('no-such-key', '--force'), { code: 1, stderr: /^no-such-key does not exist\./ })
  t.equal((await retire(leaked.kid, '--force')).code, 0)
  t.match(await retire(next.kid, '--force'), { code: 1, stderr: /is the only one\. Rotate first\./ })
  t.strictSame(kidsIn(file), [next.kid])
  t.match(await retire(), { code: 0, stdout: 'No former keys exist.\n' })
})

t.test('retires no key of unknown age without --force', async (t) => {
  const [signs, former] = [keyOf(), keyOf()]
  const file = fileWith(t, signs, former)
  t.match(await runHere(['keys', 'retire', '--file', file]), { code: 1, stderr: /does not say when .*--force/ })
  t.equal((await runHere(['keys', 'retire', former.kid, '--file', file, '--force'])).code, 0)
  t.strictSame(kidsIn(file), [signs.kid])
})

t.test('writes one file per rotation in a folder, and deletes it with its last key', async (t) => {
  const folder = makeFolder(t)
  const kept = { ...keyOf(), kid: 'kept' }
  const [gone, signs] = [keyOf(), keyOf(now() - 2 * HOUR)]
  writeFileSync(join(folder, 'a.json'), JSON.stringify({ keys: [gone] }))
  writeFileSync(join(folder, 'b.json'), JSON.stringify({ keys: [signs, { ...kept, nbf: now() - 2 * HOUR }] }))
  t.equal((await runHere(['keys', 'rotate', '--file', folder])).code, 0)
  const [made] = readdirSync(folder).filter((name) => !/^[ab]\.json$/.test(name))
  t.equal(statSync(join(folder, made!)).mode & 0o777, 0o600)
  t.match((await runHere(['keys', 'list', '--file', folder])).stdout, made!.replace('.json', ''))
  t.match(await runHere(['keys', 'retire', '--file', folder]), { code: 0, stdout: new RegExp(gone.kid) })
  t.strictSame(readdirSync(folder).sort(), ['b.json', made].sort())
  t.equal((await runHere(['keys', 'retire', 'kept', '--file', folder, '--force'])).code, 0)
  t.strictSame(kidsIn(join(folder, 'b.json')), [signs.kid])
})

t.test('rejects a file that the server would reject, and leaves it unchanged', async (t) => {
  const file = fileWith(t, keyOf(), { ...keyOf(), d: 'AQID' })
  const before = readFileSync(file, 'utf8')
  for (const name of ['rotate', 'list', 'retire']) {
    t.match(await runHere(['keys', name, '--file', file]), { code: 1, stderr: 'key 2 is damaged\n' })
  }
  t.equal(readFileSync(file, 'utf8'), before)
  t.match(await runHere(['keys', 'rotate', '--file', join(file, 'none')]), { code: 1, stderr: /^(ENOTDIR|\/)/ })
})
