import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** An address with the port that some proxies put behind it. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\](?::\d+)?|(?<v4>\d+(?:\.\d+){3}):\d+)$/

/**
 * The client's address, as our proxies tell it. What is no address is not believed, or each invention would be a client
 * of its own: then it is the address of whoever holds the connection.
 */
export const addressOf = ({ ip, socket }: FastifyRequest): string => {
  const { v4, v6 } = WITH_PORT.exec(ip)?.groups ?? {}
  const bare = v4 ?? v6 ?? ip
  return isIP(bare) ? bare : (socket.remoteAddress ?? '')
}
