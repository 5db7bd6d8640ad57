import { EnvHttpProxyAgent, fetch } from 'undici'
import { CONNECT_TIMEOUT, createWire, type Transport } from './client.ts'

/** Proxies for outgoing requests, as the settings have them. */
export interface ProxySettings {
  HTTPS_PROXY?: string | undefined
  HTTP_PROXY?: string | undefined
  NO_PROXY: readonly string[]
}

/** The ways out of this machine. */
export interface Outgoing {
  transport: Transport
  /** The platform's fetch, by the same way. */
  fetch: typeof globalThis.fetch
  /** Ends all connections, and with them what is under way. */
  close(): Promise<void>
}

/** This machine: plain HTTP is allowed to it because it does not leave. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/** Returns the address of a proxy; without a scheme it speaks HTTP, as for curl. Empty for none. */
export const proxyAddress = (value = ''): string =>
  value === '' || value.includes('://') ? value.replace(/^socks5h:/, 'socks5:') : `http://${value}`

/** Opens the way out: directly, or through the proxies that are set. Reads no environment variable. */
export const createOutgoing = ({ HTTPS_PROXY, HTTP_PROXY, NO_PROXY }: ProxySettings): Outgoing => {
  const dispatcher = new EnvHttpProxyAgent({
    httpsProxy: proxyAddress(HTTPS_PROXY),
    httpProxy: proxyAddress(HTTP_PROXY),
    noProxy: [...LOOPBACK, ...NO_PROXY].join(','),
    connect: { timeout: CONNECT_TIMEOUT },
    connectTimeout: CONNECT_TIMEOUT,
  })
  return {
    transport: createWire(dispatcher),
    fetch: ((input: string, init: object) => fetch(input, { ...init, dispatcher })) as typeof globalThis.fetch,
    close: () => dispatcher.destroy(),
  }
}
