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

/** Writes a key file and a secret file to disk, as for a server. */
export const makeRotationFiles = (t: Test) => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-rotation-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const files = { keys: join(folder, 'keys.json'), secret: join(folder, 'secret') }
  const firstKey = writeKeyFile(files.keys, 'EdDSA')
  // One minute old, because the first of two keys with the same start signs.
  const { keys } = JSON.parse(readFileSync(files.keys, 'utf8')) as KeySet
  const aged = keys.map((key) => ({ ...key, nbf: Math.floor(Date.now() / 1000) - 60 }))
  writeFileSync(files.keys, JSON.stringify({ keys: aged }, null, 2))
  const secret = randomBytes(33).toString('base64')
  writeFileSync(files.secret, `${secret}\n`, { mode: 0o600 })
  return { ...files, firstKey, secretText: secret }
}

/** The files of `makeRotationFiles`. */
export type RotationFiles = ReturnType<typeof makeRotationFiles>

/** Opens the key rings of one server over these files, and records their log events. */
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
    /** Polls as often as a change needs to take effect. */
    async learn() {
      for (let look = 0; look < 2; look += 1) await Promise.all([rings.secrets.look(), rings.keys.look()])
    },
  }
}

/** Starts an instance on the database of a world that has its own key rings and listens on a socket. */
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
    // biome-ignore lint/suspicious/noExplicitAny: a body may be any JSON.
    return { status: response.status, headers: response.headers, body: (await response.json()) as any }
  }
  return { ...rotation, address, call }
}
