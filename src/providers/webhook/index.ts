/**
 * Any gateway that takes a message in one HTTP request, described by settings alone (see docs/delivery.md). The
 * gateway's documentation defines the request.
 */
import { Type } from 'typebox'
import { defineProvider } from '../define-provider.ts'
import { createInterpreter } from './answers.ts'
import { checkUrl, parseHeaders } from './outgoing.ts'
import { compileBody, compileUrl, type Format, valuesOf } from './template.ts'

const METHODS = ['POST', 'PUT', 'GET'] as const

/** The definition of the generic gateway. */
export const webhookProvider = defineProvider({
  name: 'webhook',
  real: true,
  document: { url: 'https://www.rfc-editor.org/rfc/rfc9110', version: 'HTTP alone: the gateway has its own' },
  channels: ['sms'],
  settings: Type.Object({
    WEBHOOK_URL: Type.String({
      pattern: '^https?://[^\\s]+$',
      description: 'The URL of the gateway for messages. May have placeholders, like the body.',
      examples: ['https://sms.example.com/send'],
    }),
    WEBHOOK_METHOD: Type.Union(
      METHODS.map((method) => Type.Literal(method)),
      {
        default: 'POST',
        description: 'The method of the request; `GET` has no body.',
        examples: ['PUT'],
      },
    ),
    WEBHOOK_HEADERS: Type.Optional(
      Type.String({
        description: 'Headers of the request, `Name: value`, separated by `|` or line breaks.',
        examples: ['Authorization: Bearer abc|X-Account: 7'],
        secret: true,
      }),
    ),
    WEBHOOK_FORMAT: Type.Union(
      ['json', 'form'].map((format) => Type.Literal(format)),
      {
        default: 'json',
        description: 'The format of the body: JSON, or the fields of a form.',
        examples: ['form'],
      },
    ),
    WEBHOOK_BODY: Type.String({
      default: '{"to":"{to}","text":"{text}"}',
      description:
        'The body, with `{to}` (E.164), `{to_digits}` (without the plus), `{text}`, `{code}`, `{locale}` and `{send_id}`.',
      examples: ['to={to_digits}&message={text}'],
    }),
    WEBHOOK_MESSAGE_ID: Type.Optional(
      Type.String({
        description: 'JSON pointer to the message id in the response.',
        examples: ['/messages/0/id'],
      }),
    ),
    WEBHOOK_ACCEPTED_IF: Type.Optional(
      Type.String({
        description: 'The value in a response that means acceptance, for gateways that always return status 200.',
        examples: ['/status=0'],
      }),
    ),
    WEBHOOK_STATUSES: Type.Array(Type.String(), {
      default: [],
      description:
        'The meanings of statuses that differ from the defaults: `accepted`, `refused` (the number), `failed` or `unknown`.',
      examples: ['404=refused', '5xx=failed'],
    }),
  }),
  create: (settings, { exchange }) => {
    const { WEBHOOK_URL: url, WEBHOOK_HEADERS: lines = '', WEBHOOK_BODY: template, WEBHOOK_FORMAT: format } = settings
    checkUrl(url)
    const method = METHODS.find((known) => known === settings.WEBHOOK_METHOD)!
    const headers = parseHeaders(lines)
    const address = compileUrl(url)
    const body = method === 'GET' ? undefined : compileBody(template, format as Format)
    const used = new Set([...address.used, ...(body?.used ?? [])])
    if (!(used.has('to') || used.has('to_digits')) || !(used.has('text') || used.has('code'))) {
      throw new Error(
        'WEBHOOK_BODY or WEBHOOK_URL must have {to} or {to_digits}, and {text} or {code}. For example: {"to":"{to}","text":"{text}"}',
      )
    }
    const interpret = createInterpreter(settings)
    return {
      name: 'webhook',
      channels: ['sms'],
      send: (message, signal) => {
        const values = valuesOf(message)
        return exchange({ method, url: address.fill(values), headers, ...body?.fill(values), signal }, interpret)
      },
    }
  },
})
