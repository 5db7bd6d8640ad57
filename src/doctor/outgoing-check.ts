import { proxyAddress } from '../http-client/outgoing.ts'
import { type Finding, fault, ok, warning } from './finding.ts'

/** The proxies that are set, and the way to one. */
export interface OutgoingLook {
  httpsProxy: string | undefined
  httpProxy: string | undefined
  noProxy: readonly string[]
  /** Resolves when a proxy takes connections. Throws when it does not. */
  reach: (proxy: string) => Promise<void>
}

/** Returns the host and the port alone: a proxy's address may hold a password. */
const hostOf = (proxy: string): string => new URL(proxyAddress(proxy)).host

const findingOf = async (setting: string, proxy: string, reach: OutgoingLook['reach']): Promise<Finding> => {
  const looked = `${setting} (${hostOf(proxy)})`
  try {
    await reach(proxy)
    return ok(looked, 'Outgoing requests go through this proxy, and it takes connections.')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    return fault(looked, `The proxy takes no connection: ${reason}.`, 'Correct the address, or start the proxy.')
  }
}

/** Checks the way out: directly, or through proxies that can be reached. */
export const checkOutgoing = async ({ httpsProxy, httpProxy, noProxy, reach }: OutgoingLook): Promise<Finding[]> => {
  if (httpsProxy === undefined && httpProxy === undefined)
    return [ok('HTTPS_PROXY', 'It is not set: providers are asked directly.')]
  const findings: Finding[] = []
  if (httpsProxy !== undefined) findings.push(await findingOf('HTTPS_PROXY', httpsProxy, reach))
  if (httpProxy !== undefined) findings.push(await findingOf('HTTP_PROXY', httpProxy, reach))
  if (noProxy.includes('*'))
    findings.push(
      warning('NO_PROXY', 'It has "*": no request goes through the proxy.', 'Name the hosts, or unset the proxy.'),
    )
  return findings
}
