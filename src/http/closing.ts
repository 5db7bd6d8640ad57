import type { Server, Socket } from 'node:net'
import { setImmediate as nextRound } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** Interval between two searches for idle connections while the server closes, in ms. */
const SWEEP_INTERVAL_MS = 100

/** Maximum time for which queued connections are accepted before the server closes, in ms. */
const MAX_ACCEPT_MS = 500

/** Time after the close in which a connection must send its first byte, in ms. */
const FIRST_BYTE_MS = 1_000

/** Accepts connections that the kernel has queued, because closing would reset them. */
const acceptWaiting = async (server: Server): Promise<void> => {
  let hasAccepted = true
  const note = () => {
    hasAccepted = true
  }
  server.on('connection', note)
  for (const until = performance.now() + MAX_ACCEPT_MS; hasAccepted && performance.now() < until; ) {
    hasAccepted = false
    await nextRound()
  }
  server.off('connection', note)
}

/**
 * Registers a graceful close that loses no request. Once `isStopping` returns true, responses tell clients to close
 * their connections, so that few are open when the server closes. Node closes only connections that are idle at that
 * moment. This hook closes the others: those that were sending a response, which would stay open for another 72 s, and
 * those that never sent a byte, which would stay open without limit.
 */
export const registerClosing = (app: FastifyInstance, isStopping: () => boolean = () => false): void => {
  let closing = false
  const silent = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('data', () => silent.delete(socket))
    socket.once('close', () => silent.delete(socket))
  })
  app.addHook('onSend', async (_request, reply) => {
    // Stops clients from sending the next request on a connection that is about to close.
    if (closing || isStopping()) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    closing = true
    await acceptWaiting(app.server)
    // For responses whose headers were sent before the close.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_INTERVAL_MS).unref()
    const silence = setTimeout(() => {
      for (const socket of silent) socket.destroy()
    }, FIRST_BYTE_MS).unref()
    app.server.once('close', () => {
      clearInterval(sweep)
      clearTimeout(silence)
    })
  })
}
