import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

/** An address with the port that some proxies put behind it. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\](?::\d+)?|(?<v4>\d+(?:\.\d+){3}):\d+)$/

/**
 * The client's address, as our proxies tell it. What is no address is not believed, or each invention would be a client
 * of its own: then it is the address of whoever holds the connection.
 */
export const addressOf = ({ ip, socket }: FastifyRequest): string => {
  const { v4, v6 } = WITH_PORT.exec(ip)?.groups ?? {}
  // A zone (RFC 4007) says nothing to us, and is as long as somebody likes.
  const [bare = ''] = (v4 ?? v6 ?? ip).split('%')
  return isIP(bare) ? bare : (socket.remoteAddress ?? '')
}

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
