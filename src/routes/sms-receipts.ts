import { isUtf8 } from 'node:buffer'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route } from './route.ts'

/** The longest receipt of any company is a fraction of it, in bytes. */
const LONGEST_RECEIPT = 65_536

/** Receipts that providers read as text. */
const TEXT = /^(?:text\/|application\/(?:[a-z.+-]*json|x-www-form-urlencoded))/i

/** Companies post their receipts, but for those that put them into the query. */
const OPERATIONS = [
  { method: 'POST', operationId: 'takeReceipt', summary: 'Take a delivery receipt' },
  { method: 'GET', operationId: 'takeReceiptInQuery', summary: 'Take a delivery receipt that stands in the query' },
] as const

type ReceiptRoute = { Params: { provider: string } }

/** `POST /webhooks/sms/:provider`: what a company says has become of a message. */
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
    // The signature is made over the bytes as they came.
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
        bodyLimit: LONGEST_RECEIPT,
        onRequest: deps.limit('receipts'),
        schema: {
          ...operation,
          tags: ['Operation'],
          description:
            "For delivery companies: the receipt is in the company's own words and must carry its signature. One for an unknown message is answered like any other.",
          params: Exactly({
            provider: Type.String({
              maxLength: 64,
              description: 'The company, as `SMS_PROVIDERS` names it.',
              examples: ['twilio'],
            }),
          }),
          response: {
            204: { description: 'Taken.', type: 'null' },
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
