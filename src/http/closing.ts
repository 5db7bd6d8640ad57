import type { FastifyInstance } from 'fastify'

/** How often connections that have become idle are looked for while the server closes, in ms. */
const SWEEP_EVERY = 100

/**
 * Lets a close end with the last answer. Node closes connections that are idle when the close begins; one that was
 * answering then would be kept alive for another 72 s, and the close would wait for it.
 */
export const registerClosing = (app: FastifyInstance): void => {
  let closing = false
  app.addHook('onSend', async (_request, reply) => {
    // Or a client would send its next request on a connection that is about to go.
    if (closing) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    closing = true
    // For answers whose headers were out already.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_EVERY).unref()
    app.server.once('close', () => clearInterval(sweep))
  })
}
