import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { writeKeyFile } from '../src/keys/key-files.ts'
import { generateKeySet, type KeySet } from '../src/keys/key-set.ts'
import { deriveSecrets } from '../src/keys/secrets.ts'
import { openKeys } from '../src/start/keys.ts'
import { runHere } from './cli/tool.ts'
import { createTestDatabase } from './support/postgres.ts'
import { runToEnd, type ServerProcess, startServer, temporaryFolder } from './support/server-process.ts'

const kidsAt = async ({ address }: ServerProcess): Promise<string[]> => {
  const { keys } = (await (await fetch(`${address}/.well-known/jwks.json`)).json()) as KeySet
  return keys.map(({ kid }) => kid)
}

/** Waits until the server has logged an event a given number of times. */
const waitForEvent = async ({ output }: ServerProcess, event: string, times = 1): Promise<void> => {
  while (output().split(`"event":"${event}"`).length - 1 < times) await sleep(20)
}

t.test('reloads changed keys and secrets without a restart, and keeps the old ones if they are invalid', async (t) => {
  const folder = temporaryFolder(t)
  const files = { keys: join(folder, 'keys.json'), secret: join(folder, 'secret') }
  const first = writeKeyFile(files.keys, 'EdDSA')
  const secret = randomBytes(33).toString('base64')
  writeFileSync(files.secret, secret)
  const DATABASE_URL = await createTestDatabase(t)
  const server = await startServer(t, {
    DATABASE_URL,
    DATA_DIR: folder,
    JWT_KEYS_FILE: files.keys,
    SECRET_FILE: files.secret,
  })
  t.strictSame(await kidsAt(server), [first])

  t.equal((await runHere(['keys', 'rotate', '--file', files.keys])).code, 0)
  t.equal((await runHere(['secret', 'rotate', '--file', files.secret])).code, 0)
  await Promise.all([waitForEvent(server, 'keys_changed'), waitForEvent(server, 'secrets_changed')])
  const [, second] = (JSON.parse(readFileSync(files.keys, 'utf8')) as KeySet).keys
  t.strictSame(await kidsAt(server), [first, second!.kid], 'both keys are published')
  t.match(server.output(), new RegExp(`; ${first} signs`))
  t.match(server.output(), new RegExp(`secrets are now ${deriveSecrets(secret).id}, `))

  const draft = join(folder, 'draft')
  writeFileSync(draft, '{"keys":[')
  renameSync(draft, files.keys)
  await waitForEvent(server, 'keys_refused')
  // Two more polls find the same fault.
  await sleep(4_500)
  t.equal(server.output().split('keys_refused').length, 2, 'the fault is logged once')
  t.strictSame(await kidsAt(server), [first, second!.kid])
  for (const hidden of [second!.d, secret]) t.notOk(server.output().includes(hidden))
  t.equal(await server.stop(), 0)
})

t.test('loads keys from a folder, or from the environment alone', async (t) => {
  const folder = temporaryFolder(t)
  const keys = join(folder, 'keys')
  const kids = ['a', 'b'].map((name) => writeKeyFile(join(keys, `${name}.json`), 'EdDSA'))
  const DATABASE_URL = await createTestDatabase(t)
  const fromFolder = await startServer(t, { DATABASE_URL, DATA_DIR: folder, JWT_KEYS_FILE: keys })
  t.strictSame(await kidsAt(fromFolder), kids)
  const set = generateKeySet('EdDSA')
  const inline = await startServer(t, { DATABASE_URL, DATA_DIR: folder, JWT_KEYS: JSON.stringify(set) })
  t.strictSame(await kidsAt(inline), [set.keys[0]!.kid])
  t.notOk(inline.output().includes(set.keys[0]!.d))
})

t.test('refuses to start with a weak or broken key or secret from any source', async (t) => {
  const folder = temporaryFolder(t)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey.export({ format: 'jwk' })
  const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ format: 'jwk' })
  const good = generateKeySet('EdDSA').keys[0]!
  const zero = { ...good, d: Buffer.alloc(32).toString('base64url') }
  const file = join(folder, 'keys.json')
  for (const [key, says] of [
    [{ ...rsa, kid: 'rsa', alg: 'RS256' }, /key 1 has no "alg" of EdDSA or ES256/],
    [{ ...k256, kid: 'k', alg: 'ES256' }, /key 1 needs "kty" EC and "crv" P-256/],
    [{ kty: 'oct', k: good.d, kid: 'o', alg: 'HS256' }, /key 1 has no "alg" of EdDSA or ES256/],
    [{ ...good, d: good.d.slice(0, 30) }, /key 1 is damaged/],
    [zero, /key 1 has a private part that is not random/],
  ] as const) {
    const text = JSON.stringify({ keys: [key] })
    writeFileSync(file, text)
    for (const from of [{ JWT_KEYS: text }, { JWT_KEYS_FILE: file }]) {
      const settings = { ...from, JWT_ALGORITHM: 'EdDSA' as const, DATA_DIR: folder }
      await t.rejects(openKeys({ settings, env: {}, log: { info: () => {}, warn: () => {} }, now: Date.now }), {
        message: says,
      })
    }
  }
  const secret = join(folder, 'weak')
  writeFileSync(secret, `2026-11-24 ${'x'.repeat(40)}\n`)
  const surroundings = { DATABASE_URL: 'postgres://x@127.0.0.1:1/x', DATA_DIR: folder }
  const [byFile, byValue, bySecret] = await Promise.all([
    runToEnd({ ...surroundings, JWT_KEYS_FILE: file }),
    runToEnd({ ...surroundings, JWT_KEYS: JSON.stringify({ keys: [zero] }) }),
    runToEnd({ ...surroundings, SECRET_FILE: secret }),
  ])
  const advice = 'Make one with: npx doorcode keys new --file'
  t.strictSame(byFile, {
    output: `JWT_KEYS_FILE ${file}: key 1 has a private part that is not random. ${advice} ${file} --alg EdDSA\n`,
    code: 1,
  })
  t.strictSame(byValue, {
    output: `JWT_KEYS: key 1 has a private part that is not random. ${advice} keys.json --alg EdDSA\n`,
    code: 1,
  })
  t.strictSame(bySecret, { output: `SECRET_FILE ${secret} is not random\n`, code: 1 })
})
