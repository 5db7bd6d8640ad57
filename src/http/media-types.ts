import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { strictJsonParser } from './json-body.ts'

/** A charset other than UTF-8, under any of its names, or ASCII, which is a subset of it. */
const OTHER_CHARSET = /charset\s*=(?!\s*["']?(?:utf-?8|us-ascii)["']?\s*(?:;|$))/i

/** A content coding. */
const OTHER_CODING = /[^\s,]/

const isDecodable = ({ headers }: FastifyRequest): boolean =>
  !OTHER_CODING.test((headers['content-encoding'] ?? '').replace(/\bidentity\b/gi, '')) &&
  !OTHER_CHARSET.test(headers['content-type'] ?? '')

/** Returns whether the headers announce a body. A chunked body may still be empty. */
const announcesBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0

/** Returns whether the route needs a body: its schema has required members. */
const needsBody = ({ routeOptions }: FastifyRequest): boolean =>
  ((routeOptions.schema?.body ?? {}) as { required?: unknown }).required !== undefined

/**
 * Accepts only JSON in UTF-8 as a body. Many clients send a `Content-Type` without a body, or the body `null`: routes
 * that need no body treat both as an absent body.
 */
export const registerMediaTypes = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request) => {
    if (announcesBody(request) && !isDecodable(request)) throw new Problem('unsupported_media_type')
  })

  const parseJson = strictJsonParser(app)
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0 && !needsBody(request)) done(null, undefined)
    else void parseJson(request, body, done)
  })

  // HTML forms can send text/plain across origins without a CORS preflight.
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: NodeJS.ReadableStream) => {
    if (request.is404) return undefined
    if (needsBody(request)) throw new Problem('unsupported_media_type')
    return new Promise((resolve, reject) => {
      payload.once('data', () => reject(new Problem('unsupported_media_type')))
      payload.once('end', () => resolve(undefined))
      payload.once('error', reject)
    })
  })

  app.addHook('preValidation', async (request) => {
    const isAbsent = request.body === undefined || request.body === null
    if (isAbsent && request.routeOptions.schema?.body !== undefined && !needsBody(request)) request.body = {}
  })
}
