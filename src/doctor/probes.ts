import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectRedis } from '../http/redis.ts'
import type { Transport } from '../http-client/client.ts'
import { createOutgoing, type ProxySettings, proxyAddress } from '../http-client/outgoing.ts'
import { readKeySources } from '../keys/key-files.ts'
import type { Source } from '../keys/key-set.ts'
import { readTextFile } from '../settings/text-file.ts'
import { createAskPublic } from './ask-public.ts'
import { type FileMode, readMode } from './file-modes.ts'
import type { AskPublic } from './public-address-check.ts'

/** The access of the doctor to files and networks. All of it is read-only. */
export interface Probes {
  /** Returns the Unix time in ms. */
  now: () => number
  modeOf: (path: string) => FileMode
  readKeys: (path: string) => Promise<Source[]>
  readText: (path: string) => Promise<string>
  ask: AskPublic
  /** Sends requests to providers, with credentials. */
  transport: Transport
  /** Resolves when the Redis at this URL responds. */
  pingRedis: (url: string) => Promise<void>
  /** Resolves when the proxy at this URL accepts a connection. */
  reachProxy: (proxy: string) => Promise<void>
}

/** Timeout of Redis and proxies in ms. */
const TIMEOUT_MS = 2_000

const pingRedis = async (url: string): Promise<void> => {
  let last: Error | undefined
  const redis = connectRedis(url, (error) => {
    last = error
  })
  try {
    for (const until = performance.now() + TIMEOUT_MS; redis.status !== 'ready'; await sleep(20)) {
      if (performance.now() > until) throw last ?? new Error('no response')
    }
    await redis.ping()
  } finally {
    redis.disconnect()
  }
}

const DEFAULT_PORTS: Record<string, number> = { 'https:': 443, 'socks5:': 1080, 'socks:': 1080 }

const reachProxy = (proxy: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(proxyAddress(proxy))
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: Number(port) || DEFAULT_PORTS[protocol] || 80, timeout: TIMEOUT_MS })
    socket.once('connect', () => resolve())
    socket.once('error', reject)
    socket.once('timeout', () => reject(new Error('no response')))
    for (const event of ['connect', 'error', 'timeout']) socket.once(event, () => socket.destroy())
  })

/** Creates probes that access real files and networks. */
export const realProbes = (settings: ProxySettings = { NO_PROXY: [] }): Probes => ({
  now: Date.now,
  modeOf: readMode,
  readKeys: readKeySources,
  readText: readTextFile,
  ask: createAskPublic(),
  transport: createOutgoing(settings).transport,
  reachProxy,
  pingRedis,
})
