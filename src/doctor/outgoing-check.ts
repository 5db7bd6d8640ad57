import { proxyAddress } from '../http-client/outgoing.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** The input of the check of outgoing requests. */
export interface OutgoingLook {
  httpsProxy: string | undefined
  httpProxy: string | undefined
  noProxy: readonly string[]
  /** Resolves when a proxy accepts a connection. Throws if it does not. */
  reach: (proxy: string) => Promise<void>
}

/** Returns only host and port, because the URL of a proxy may contain a password. */
const hostOf = (proxy: string): string => new URL(proxyAddress(proxy)).host

const findingOf = async (setting: string, proxy: string, reach: OutgoingLook['reach']): Promise<Finding> => {
  const looked = `${setting} (${hostOf(proxy)})`
  try {
    await reach(proxy)
    return ok(looked, 'Outgoing requests use this proxy, and it accepts connections.')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    return fault(looked, `The proxy accepts no connection: ${reason}.`, 'Correct the address, or start the proxy.')
  }
}

/** Checks that outgoing requests are direct, or use proxies that accept connections. */
export const checkOutgoing = async ({ httpsProxy, httpProxy, noProxy, reach }: OutgoingLook): Promise<Finding[]> => {
  if (httpsProxy === undefined && httpProxy === undefined) return [ok('HTTPS_PROXY', 'Outgoing requests use no proxy.')]
  const findings: Finding[] = []
  if (httpsProxy !== undefined) findings.push(await findingOf('HTTPS_PROXY', httpsProxy, reach))
  if (httpProxy !== undefined) findings.push(await findingOf('HTTP_PROXY', httpProxy, reach))
  if (noProxy.includes('*'))
    findings.push(
      warning('NO_PROXY', 'The value "*" exempts every request from the proxy.', 'List the hosts, or unset the proxy.'),
    )
  return findings
}
