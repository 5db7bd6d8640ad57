import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { generateKeySet, type KeySet } from '../../src/keys/key-set.ts'
import { providers } from '../../src/providers/index.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openRings } from '../../src/start/keys.ts'
import { createTextsFor } from '../../src/start/texts.ts'
import { makeFolder, runHere } from '../cli/tool.ts'

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

/** Encodings in which editors and shells save the same text. */
const SAVED: Record<string, (text: string) => Buffer> = {
  plain: (text) => Buffer.from(text),
  'with a byte order mark, as Notepad does': (text) => Buffer.from(`\ufeff${text}`),
  'with that mark and CRLF': (text) => Buffer.from(`\ufeff${text}\r\n`),
  'in UTF-16, as PowerShell does': (text) => utf16(`${text}\r\n`),
  'in UTF-16, big-endian': (text) => utf16(text).swap16(),
}

const SECRET = 'only for tests: not a secret at all, and long'

t.test('reads secrets, keys and texts in every common encoding', async (t) => {
  const keys = generateKeySet('EdDSA')
  const found = []
  for (const [name, save] of Object.entries(SAVED)) {
    const folder = makeFolder(t)
    const write = (file: string, text: string) => {
      writeFileSync(join(folder, file), save(text), { mode: 0o600 })
      return join(folder, file)
    }
    const texts = JSON.stringify({ en: { text: 'Hallo, {code} for {service}' } })
    const env = {
      SECRET_FILE: write('secret', SECRET),
      SECRET_PREVIOUS_FILE: write('previous', `${SECRET}er`),
      DATABASE_URL_FILE: write('url', 'postgres://doorcode@db.example.com/doorcode'),
      JWT_KEYS_FILE: write('keys.json', JSON.stringify(keys)),
      SMS_TEXTS_FILE: write('texts.json', texts),
    }
    const settings = loadSettings({ env, providers })
    t.equal(settings.DATABASE_URL, 'postgres://doorcode@db.example.com/doorcode', name)
    await using opened = new AsyncDisposableStack()
    const rings = await openRings(opened, { settings, env, log: { info() {}, warn() {} }, now: Date.now })
    t.equal(rings.keys.current()[0].kid, keys.keys[0]!.kid, name)
    found.push(rings.secrets.current().map(({ id }) => id))
    t.ok(createTextsFor(settings, 'example.com').locales.includes('en'), name)

    for (const [command, file] of [
      ['keys', env.JWT_KEYS_FILE],
      ['secret', env.SECRET_FILE],
    ] as const) {
      const { code, stderr } = await runHere([command, 'rotate', '--file', file])
      t.equal(code, 0, `${command} rotate, ${name}: ${stderr}`)
    }
    const rotated = JSON.parse(readFileSync(env.JWT_KEYS_FILE, 'utf8')) as KeySet
    t.equal(rotated.keys.length, 2, 'the written file has no byte order mark')
    t.equal(readFileSync(env.SECRET_FILE, 'utf8').split('\n')[0], SECRET)
  }
  for (const ids of found) t.strictSame(ids, found[0], 'one secret in every encoding')
})
