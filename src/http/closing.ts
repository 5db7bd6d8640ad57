import type { Server, Socket } from 'node:net'
import { setImmediate as nextRound } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** How often connections that have become idle are looked for while the server closes, in ms. */
const SWEEP_EVERY = 100

/** The longest that waiting connections are accepted for before the server closes, in ms. */
const LONGEST_ACCEPT = 500

/** Time after the close for the first byte of a connection, in ms. */
const FIRST_BYTE = 1_000

/** Accepts connections that the kernel has opened already: a close would reset them. */
const acceptWaiting = async (server: Server): Promise<void> => {
  let hasAccepted = true
  const note = () => {
    hasAccepted = true
  }
  server.on('connection', note)
  for (const until = performance.now() + LONGEST_ACCEPT; hasAccepted && performance.now() < until; ) {
    hasAccepted = false
    await nextRound()
  }
  server.off('connection', note)
}

/**
 * Closes without losing a request. Answers tell clients to close their connections as soon as `isStopping`, so that few
 * are open when the server closes. Node closes those that are idle then; one that was answering would be kept alive for
 * another 72 s, and one on which nothing was ever sent for as long as its client likes.
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
    // Or a client would send its next request on a connection that is about to go.
    if (closing || isStopping()) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    closing = true
    await acceptWaiting(app.server)
    // For answers whose headers were out already.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_EVERY).unref()
    const silence = setTimeout(() => {
      for (const socket of silent) socket.destroy()
    }, FIRST_BYTE).unref()
    app.server.once('close', () => {
      clearInterval(sweep)
      clearTimeout(silence)
    })
  })
}
