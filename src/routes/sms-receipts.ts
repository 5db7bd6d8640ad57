import { isUtf8 } from 'node:buffer'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route } from './route.ts'

/** Maximum size of a receipt, in bytes. Receipts of all providers are much smaller. */
const MAX_RECEIPT_BYTES = 65_536

/** Content types of receipts that providers parse as text. */
const TEXT = /^(?:text\/|application\/(?:[a-z.+-]*json|x-www-form-urlencoded))/i

/** Most providers post their receipts; some send them in the query of a GET. */
const OPERATIONS = [
  { method: 'POST', operationId: 'takeReceipt', summary: 'Receive a delivery receipt' },
  { method: 'GET', operationId: 'takeReceiptInQuery', summary: 'Receive a delivery receipt in the query' },
] as const

type ReceiptRoute = { Params: { provider: string } }

/** `POST /webhooks/sms/:provider` receives a provider's delivery receipts. */
export const smsReceipts: Route = async (app, deps) => {
  const handler = async (request: FastifyRequest<ReceiptRoute>, reply: FastifyReply) => {
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    )
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const url = `${deps.issuer}${request.url}`
    await deps.receipt(request.params.provider, { url, headers, body, now: deps.now() }, contextOf(request))
    return reply.code(204).send()
  }

  await app.register(async (scope) => {
    // The signature covers the raw bytes of the body.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, ({ headers }, body, done) => {
      const isText = TEXT.test(headers['content-type'] ?? '')
      if (isText && !isUtf8(body)) done(new Problem('malformed_json', { detail: 'The body is not UTF-8.' }))
      else done(null, body)
    })
    for (const { method, ...operation } of OPERATIONS) {
      scope.route<ReceiptRoute>({
        method,
        url: '/webhooks/sms/:provider',
        exposeHeadRoute: false,
        bodyLimit: MAX_RECEIPT_BYTES,
        onRequest: deps.limit('receipts'),
        schema: {
          ...operation,
          tags: ['Operation'],
          description:
            'For providers. The receipt has the format of the provider and must have its signature. A receipt for an unknown message gets the same response.',
          params: Exactly({
            provider: Type.String({
              maxLength: 64,
              description: 'The provider, as named in `SMS_PROVIDERS`.',
              examples: ['twilio'],
            }),
          }),
          response: {
            204: { description: 'The receipt was accepted.', type: 'null' },
            ...problems(
              'validation_failed',
              'malformed_json',
              'forbidden',
              'not_found',
              'payload_too_large',
              'unsupported_media_type',
              ...DATABASE_PROBLEMS,
            ),
          },
        },
        handler,
      })
    }
  })
}
