import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { DURATIONS } from '../../src/core/durations.ts'
import { writeKeyFile } from '../../src/keys/key-files.ts'
import type { KeySet } from '../../src/keys/key-set.ts'
import { openKeys, openSecrets, type RingSource } from '../../src/start/keys.ts'
import { AUDIENCE, ISSUER, type World } from './app.ts'

/** A key file and a secret's file on disk, as a server is given them. */
export const makeRotationFiles = (t: Test) => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-rotation-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const files = { keys: join(folder, 'keys.json'), secret: join(folder, 'secret') }
  const firstKey = writeKeyFile(files.keys, 'EdDSA')
  // A minute old: of two keys that begin in the same second the first listed signs.
  const { keys } = JSON.parse(readFileSync(files.keys, 'utf8')) as KeySet
  const aged = keys.map((key) => ({ ...key, nbf: Math.floor(Date.now() / 1000) - 60 }))
  writeFileSync(files.keys, JSON.stringify({ keys: aged }, null, 2))
  const secret = randomBytes(33).toString('base64')
  writeFileSync(files.secret, `${secret}\n`, { mode: 0o600 })
  return { ...files, firstKey, secretText: secret }
}

/** The two files of `makeRotationFiles`. */
export type RotationFiles = ReturnType<typeof makeRotationFiles>

/** The rings of one server over these files, and what it logged of them. */
const openRotation = async (files: Pick<RotationFiles, 'keys' | 'secret' | 'secretText'>) => {
  const logEvents: { event: string; [fact: string]: unknown }[] = []
  const record = (facts: object) => void logEvents.push(facts as (typeof logEvents)[number])
  const source: RingSource = {
    settings: { SECRET: files.secretText, JWT_KEYS_FILE: files.keys, JWT_ALGORITHM: 'EdDSA', DATA_DIR: '/nowhere' },
    env: { SECRET_FILE: files.secret },
    log: { info: record as never, warn: record as never },
    now: Date.now,
  }
  const rings = { secrets: await openSecrets(source), keys: await openKeys(source) }
  return {
    ...rings,
    logEvents,
    /** As often as it takes to take up a change. */
    async learn() {
      for (let look = 0; look < 2; look += 1) await Promise.all([rings.secrets.look(), rings.keys.look()])
    },
  }
}

/** An instance on the database of a world, with rings of its own, that listens on a socket. */
export const startOverSocket = async (world: World, files: RotationFiles) => {
  const rotation = await openRotation(files)
  const { app } = await world.startInstance({
    app: {
      tokens: {
        issuer: ISSUER,
        audience: AUDIENCE,
        clientId: 'test-client',
        accessTtl: DURATIONS.accessTtl.default,
        pendingTtl: DURATIONS.codeTtl.maximum,
        secrets: rotation.secrets,
        keys: rotation.keys,
        now: Date.now,
      },
    },
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const call = async (path: string, { body, token }: { body?: object; token?: string } = {}) => {
    const response = await fetch(`${address}${path}`, {
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
    })
    // biome-ignore lint/suspicious/noExplicitAny: an answer may be any JSON.
    return { status: response.status, headers: response.headers, body: (await response.json()) as any }
  }
  return { ...rotation, address, call }
}
