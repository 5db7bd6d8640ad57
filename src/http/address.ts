import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** An address as proxies write it: perhaps in quotes, in brackets, or with a port. */
const WRITTEN = /^("?)(?:\[(?<bracketed>[^\]]+)\](?::\d+)?|(?<v4>\d+(?:\.\d+){3}):\d+|(?<bare>[^"]+))\1$/

/** The address in one spelling, IPv4 in IPv6 as IPv4; undefined for what is not an address. */
const parseAddress = (written = ''): string | undefined => {
  const { bracketed, v4, bare } = WRITTEN.exec(written.trim())?.groups ?? {}
  // A zone (RFC 4007) says nothing to us, and is as long as its sender likes.
  const [address = ''] = (bracketed ?? v4 ?? bare ?? '').split('%')
  return isIP(address) ? ipaddr.process(address).toString() : undefined
}

/** Returns whether an address in `X-Forwarded-For` is one of these proxies, in whatever form the hop behind it wrote it. */
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
 * The client's address, as our proxies tell it. What is no address is not believed, or each invention would be a client
 * of its own: then it is the address of whoever holds the connection.
 */
export const addressOf = ({ ip, socket }: FastifyRequest): string =>
  parseAddress(ip) ?? parseAddress(socket.remoteAddress) ?? ''

/** What counts as one client, and as one site. */
export interface Origin {
  /** The IPv4 address, or the /64 of an IPv6 one: a single subscriber has all of it. */
  host: string
  /** The /24 of an IPv4 address, or the /48 of an IPv6 one. */
  network: string
}

/** The origin of an address, in one spelling: `::ffff:192.0.2.1` is `192.0.2.1`. What is no address stands for itself. */
export const originOf = (address: string): Origin => {
  if (!ipaddr.isValid(address)) return { host: address, network: address }
  const parsed = ipaddr.process(address)
  const range = (bits: number) =>
    `${parsed.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(`${parsed}/${bits}`) : ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/${bits}`)}/${bits}`
  return parsed.kind() === 'ipv4'
    ? { host: parsed.toString(), network: range(24) }
    : { host: range(64), network: range(48) }
}
