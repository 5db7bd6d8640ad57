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

/** What the doctor looks at the world with. None changes anything. */
export interface Probes {
  /** ms. */
  now: () => number
  modeOf: (path: string) => FileMode
  readKeys: (path: string) => Promise<Source[]>
  readText: (path: string) => Promise<string>
  ask: AskPublic
  /** To the companies, with our credentials. */
  transport: Transport
  /** Resolves when the Redis at this address answers. */
  pingRedis: (url: string) => Promise<void>
  /** Resolves when the proxy at this address takes a connection. */
  reachProxy: (proxy: string) => Promise<void>
}

/** The longest that Redis may take to answer, in ms. */
const LONGEST = 2_000

const pingRedis = async (url: string): Promise<void> => {
  let last: Error | undefined
  const redis = connectRedis(url, (error) => {
    last = error
  })
  try {
    for (const until = performance.now() + LONGEST; redis.status !== 'ready'; await sleep(20)) {
      if (performance.now() > until) throw last ?? new Error('no answer')
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
    const socket = connect({ host, port: Number(port) || DEFAULT_PORTS[protocol] || 80, timeout: LONGEST })
    socket.once('connect', () => resolve())
    socket.once('error', reject)
    socket.once('timeout', () => reject(new Error('no answer')))
    for (const event of ['connect', 'error', 'timeout']) socket.once(event, () => socket.destroy())
  })

/** The real ones. */
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
