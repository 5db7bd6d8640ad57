import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** The formats in which proxies write an address: with optional quotes, brackets and port. */
const WRITTEN = /^("?)(?:\[(?<bracketed>[^\]]+)\](?::\d+)?|(?<v4>\d+(?:\.\d+){3}):\d+|(?<bare>[^"]+))\1$/

/** Returns the normalized address, with IPv4-mapped IPv6 as IPv4. Returns undefined if the text is not an address. */
const parseAddress = (written = ''): string | undefined => {
  const { bracketed, v4, bare } = WRITTEN.exec(written.trim())?.groups ?? {}
  // A zone (RFC 4007) has no meaning here, and its sender chooses its length.
  const [address = ''] = (bracketed ?? v4 ?? bare ?? '').split('%')
  return isIP(address) ? ipaddr.process(address).toString() : undefined
}

/** Returns a function that reports whether an address of `X-Forwarded-For`, in any format, is a trusted proxy. */
export const createTrust = (ranges: readonly string[]): ((written: string | undefined) => boolean) => {
  const trusted = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(bits), family)
  }
  return (written) => {
    const address = parseAddress(written)
    return address !== undefined && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
}

/**
 * Returns the client's address as trusted proxies report it. If the reported text is not an address, returns the
 * address of the connection, so that invented texts do not count as separate clients.
 */
export const addressOf = ({ ip, socket }: FastifyRequest): string =>
  parseAddress(ip) ?? parseAddress(socket.remoteAddress) ?? ''

/** The address ranges that count as one client and as one network. */
export interface Origin {
  /** The IPv4 address, or the /64 of an IPv6 address, which belongs to one subscriber. */
  host: string
  /** The /24 of an IPv4 address, or the /48 of an IPv6 address. */
  network: string
}

/** Returns the normalized origin of an address: `::ffff:192.0.2.1` is `192.0.2.1`. Other texts are returned unchanged. */
export const originOf = (address: string): Origin => {
  if (!ipaddr.isValid(address)) return { host: address, network: address }
  const parsed = ipaddr.process(address)
  const range = (bits: number) =>
    `${parsed.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(`${parsed}/${bits}`) : ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits}`)}/${bits}`
  return parsed.kind() === 'ipv4'
    ? { host: parsed.toString(), network: range(24) }
    : { host: range(64), network: range(48) }
}
