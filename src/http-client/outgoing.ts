import { EnvHttpProxyAgent, fetch } from 'undici'
import { CONNECT_TIMEOUT, createWire, type Transport } from './client.ts'

/** The settings of proxies for outgoing requests. */
export interface ProxySettings {
  HTTPS_PROXY?: string | undefined
  HTTP_PROXY?: string | undefined
  NO_PROXY: readonly string[]
}

/** The clients for outgoing requests. */
export interface Outgoing {
  transport: Transport
  /** The platform's `fetch`, through the same proxies. */
  fetch: typeof globalThis.fetch
  /** Closes all connections and aborts open requests. */
  close(): Promise<void>
}

/** The local machine. Plain HTTP to it is allowed, because the traffic does not leave the machine. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/** Returns the URL of a proxy. Without a scheme it is HTTP, as for curl. Empty for no proxy. */
export const proxyAddress = (value = ''): string =>
  value === '' || value.includes('://') ? value.replace(/^socks5h:/, 'socks5:') : `http://${value}`

/**
 * Makes the clients for outgoing requests: direct, or through the configured proxies. Reads no environment variable.
 */
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
