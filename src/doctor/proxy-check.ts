import ipaddr from 'ipaddr.js'
import { type Finding, fault, ok, warning } from './finding.ts'

/** From where requests came of late, as the audit trail has it; undefined where nobody could look. */
export interface SeenAddresses {
  requests: number
  addresses: number
  /** One of them. */
  example: string | null
}

/** What is set, and what was seen. */
export interface ProxyLook {
  ranges: readonly string[]
  issuer: string | undefined
  seen: SeenAddresses | undefined
}

/** A range that is larger than any net of proxies: bits that are fixed, by family. */
const WIDEST = { ipv4: 8, ipv6: 16 }

/** So many requests from one address are no chance. */
const MANY = 50

const isTooWide = (range: string): boolean => {
  if (!range.includes('/')) return false
  const [address, bits] = ipaddr.parseCIDR(range)
  // All of IPv4 is the last 32 bits of this one (RFC 4291 §2.5.5.2).
  if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()) return bits < 96 + WIDEST.ipv4
  return bits < WIDEST[address.kind() as 'ipv4' | 'ipv6']
}

const isPrivate = (address: string): boolean => ipaddr.isValid(address) && ipaddr.process(address).range() !== 'unicast'

/** Whose `X-Forwarded-For` is believed: nobody's means one limit for all clients, everybody's means none. */
export const checkProxy = ({ ranges, issuer, seen }: ProxyLook): Finding[] => {
  const looked = `TRUST_PROXY=${ranges.join(',')}`
  const findings: Finding[] = []
  if (ranges.length === 0 && issuer?.startsWith('https:'))
    findings.push(
      fault(
        looked,
        'Something ends TLS in front of Doorcode, and its word on clients is not taken: all of them share one limit.',
        'Name the proxy as Doorcode sees it. For example: TRUST_PROXY=10.0.0.0/8',
      ),
    )
  for (const range of ranges.filter(isTooWide)) {
    findings.push(
      fault(
        `TRUST_PROXY=${range}`,
        'Nearly everybody is believed: whoever writes X-Forwarded-For has a new address with each request.',
        'Name your proxies alone. For example: TRUST_PROXY=10.0.0.7',
      ),
    )
  }
  if (seen && seen.requests >= MANY && seen.addresses === 1 && isPrivate(seen.example ?? ''))
    findings.push(
      warning(
        'the audit trail of the last day',
        `All ${seen.requests} requests came from ${seen.example}, which is no client's address.`,
        'Add it to TRUST_PROXY, and see that the proxy sends X-Forwarded-For.',
      ),
    )
  return findings.length > 0
    ? findings
    : [
        ok(
          looked,
          ranges.length > 0 ? 'Proxies are named, and no more than that.' : 'No proxy is named, and none was seen.',
        ),
      ]
}
