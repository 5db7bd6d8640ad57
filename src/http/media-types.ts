import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

const OTHER_CHARSET = /charset=(?!"?utf-8"?\s*(?:;|$))/i

/** Leaves JSON in UTF-8 as the only body there is. */
export const registerMediaTypes = (app: FastifyInstance): void => {
  // An HTML form may send text/plain across origins without asking first.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async ({ headers }) => {
    if (headers['content-encoding'] || OTHER_CHARSET.test(headers['content-type'] ?? '')) {
      throw new Problem('unsupported_media_type')
    }
  })
}
