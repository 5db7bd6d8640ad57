import ipaddr from 'ipaddr.js'
import { type Finding, fault, ok, warning } from './finding.ts'

/** The client addresses of recent requests in the audit trail. */
export interface SeenAddresses {
  requests: number
  addresses: number
  /** One of the addresses. */
  example: string | null
}

/** The input of the proxy check. `seen` is undefined if the database could not be read. */
export interface ProxyLook {
  ranges: readonly string[]
  issuer: string | undefined
  seen: SeenAddresses | undefined
}

/** Shortest reasonable prefix of a trusted range in bits, by address family. */
const MIN_PREFIX = { ipv4: 8, ipv6: 16 }

/** Requests from a single address that cannot be chance. */
const MANY = 50

const isTooWide = (range: string): boolean => {
  if (!range.includes('/')) return false
  const [address, bits] = ipaddr.parseCIDR(range)
  // IPv4-mapped addresses hold IPv4 in their last 32 bits (RFC 4291 §2.5.5.2).
  if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()) return bits < 96 + MIN_PREFIX.ipv4
  return bits < MIN_PREFIX[address.kind() as 'ipv4' | 'ipv6']
}

const isPrivate = (address: string): boolean => ipaddr.isValid(address) && ipaddr.process(address).range() !== 'unicast'

/**
 * Checks which proxies may set `X-Forwarded-For`. Without a trusted proxy all clients share one limit; with every address
 * trusted limits have no effect.
 */
export const checkProxy = ({ ranges, issuer, seen }: ProxyLook): Finding[] => {
  const looked = `TRUST_PROXY=${ranges.join(',')}`
  const findings: Finding[] = []
  if (ranges.length === 0 && issuer?.startsWith('https:'))
    findings.push(
      fault(
        looked,
        'The proxy that terminates TLS is not trusted, so all clients share one rate limit.',
        'Add its address as Doorcode sees it. For example: TRUST_PROXY=10.0.0.0/8',
      ),
    )
  for (const range of ranges.filter(isTooWide)) {
    findings.push(
      fault(
        `TRUST_PROXY=${range}`,
        'Almost every address is trusted as a proxy: an attacker can claim a new address with each request.',
        'List only your proxies. For example: TRUST_PROXY=10.0.0.7',
      ),
    )
  }
  if (seen && seen.requests >= MANY && seen.addresses === 1 && isPrivate(seen.example ?? ''))
    findings.push(
      warning(
        'the audit trail of the last day',
        `All ${seen.requests} requests came from ${seen.example}, which is not the address of a client.`,
        'Add it to TRUST_PROXY, and check that the proxy sends X-Forwarded-For.',
      ),
    )
  return findings.length > 0
    ? findings
    : [
        ok(
          looked,
          ranges.length > 0
            ? 'Only a limited range of proxies is trusted.'
            : 'No proxy is trusted, and requests show none.',
        ),
      ]
}
