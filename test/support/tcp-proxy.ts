import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A proxy whose connection can be cut and that forwards everything to another local port. */
export interface TcpProxy {
  port: number
  /** `pass` forwards all bytes, `deaf` only those to the server, `hang` none; `refuse` closes every new connection. */
  mode: 'pass' | 'deaf' | 'hang' | 'refuse'
  /** The delay of each piece of a response, in ms. */
  delay: number
  /** Closes every open connection. */
  cut(): void
}

/** Starts a proxy to this port that ends with the test. */
export const startTcpProxy = async (t: Test, target: number): Promise<TcpProxy> => {
  const open = new Set<Socket>()
  const proxy: TcpProxy = {
    port: 0,
    mode: 'pass',
    delay: 0,
    cut() {
      for (const socket of open) socket.destroy()
    },
  }
  const server = createServer((client) => {
    if (proxy.mode === 'refuse') {
      client.destroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to, modes] of [
      [client, upstream, ['pass', 'deaf']],
      [upstream, client, ['pass']],
    ] as const) {
      open.add(from)
      from.on('data', (chunk) => {
        if (!(modes as readonly string[]).includes(proxy.mode)) return
        if (from === upstream && proxy.delay > 0) setTimeout(() => to.write(chunk), proxy.delay)
        else to.write(chunk)
      })
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.on('error', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.port = (server.address() as { port: number }).port
  t.teardown(() => {
    proxy.cut()
    server.close()
  })
  return proxy
}
