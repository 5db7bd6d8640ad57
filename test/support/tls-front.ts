import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import type { TestCertificate } from './certificate.ts'

/**
 * Starts a proxy that answers TLS requests like Postgres, with this certificate, in front of a Postgres; returns its
 * port.
 */
export const startTlsFront = async (t: Test, target: number, { cert, key }: TestCertificate): Promise<number> => {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('S')
      const secure = new TLSSocket(socket, { isServer: true, cert, key })
      const upstream = connect(target, '127.0.0.1')
      open.add(upstream)
      for (const [from, to] of [
        [secure, upstream],
        [upstream, secure],
      ] as const) {
        from.on('error', () => to.destroy())
        from.on('close', () => to.destroy())
        from.pipe(to)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}
