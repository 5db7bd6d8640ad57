/**
 * Any gateway that takes a message by one HTTP request, described by settings alone. There is no document but the
 * gateway's own; what its settings mean stands in docs/delivery.md.
 */
import { BlockList, isIP } from 'node:net'
import { Type } from 'typebox'
import type { SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { defineProvider } from '../define-provider.ts'
import { compileBody, compileUrl, type Format, hasPlaceholder, valuesOf } from './template.ts'

/** What can be said of an answer by its status. */
const OUTCOMES = ['accepted', 'refused', 'failed', 'unknown'] as const

const METHODS = ['POST', 'PUT', 'GET'] as const

/** Headers that are not the gateway's but the connection's, which is ours: with one of them no request would leave. */
const OURS = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']

/** Reads `Name: value` lines, separated by line breaks or by `|`. */
const parseHeaders = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(/[|\n]/)
      .map((line) => line.trim())
      .filter(Boolean)
      .map((line) => {
        const [, name, value] = /^([\w!#$%&'*+.^`~-]+):[ \t]*([\x20-\x7e]+)$/.exec(line) ?? []
        if (!name || !value) {
          throw new Error(
            'WEBHOOK_HEADERS has a part that is not "Name: value". For example: Authorization: Bearer abc',
          )
        }
        if (OURS.includes(name.toLowerCase())) {
          throw new Error(`WEBHOOK_HEADERS must not set "${name}". For example: Authorization: Bearer abc`)
        }
        if (hasPlaceholder(value)) {
          throw new Error(
            `WEBHOOK_HEADERS has a placeholder in "${name}", where none is filled. For example: X-Account: 7`,
          )
        }
        return [name.toLowerCase(), value.trim()]
      }),
  )

/** Finds a value by its JSON pointer (RFC 6901). */
const parsePointer = (setting: string, pointer: string) => {
  if (!/^(\/([^~/]|~[01])*)+$/.test(pointer)) {
    throw new Error(`${setting} has "${pointer}", which is no JSON pointer. For example: /messages/0/id`)
  }
  const path = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (json: unknown): unknown =>
    path.reduce<unknown>(
      (value, step) =>
        // An array's `length` is no element.
        typeof value === 'object' &&
        value !== null &&
        Object.hasOwn(value, step) &&
        !(Array.isArray(value) && step === 'length')
          ? (value as never)[step]
          : undefined,
      json,
    )
}

/** Reads `/status=0`: the value of the answer that says that the message was taken. */
const parseCondition = (text: string): ((json: unknown) => boolean) => {
  const at = text.indexOf('=')
  if (at < 0) throw new Error(`WEBHOOK_ACCEPTED_IF has "${text}", which is not POINTER=VALUE. For example: /status=0`)
  const find = parsePointer('WEBHOOK_ACCEPTED_IF', text.slice(0, at))
  const wanted = text.slice(at + 1)
  return (json) => {
    const value = find(json)
    return (value === null || ['string', 'number', 'boolean'].includes(typeof value)) && String(value) === wanted
  }
}

/** Reads `2xx=accepted,404=refused`: an exact status says more than its class. */
const parseStatuses = (items: readonly string[]) => {
  const meanings = new Map<string, SendResult['outcome']>()
  for (const item of items) {
    const [, status, outcome] = /^([1-5](?:\d\d|xx))=([a-z]+)$/.exec(item) ?? []
    const known = OUTCOMES.find((name) => name === outcome)
    if (!status || !known) {
      throw new Error(
        `WEBHOOK_STATUSES has "${item}", which is not STATUS=OUTCOME (${OUTCOMES.join(', ')}). For example: 404=refused,5xx=failed`,
      )
    }
    meanings.set(status, known)
  }
  return (status: number) => meanings.get(String(status)) ?? meanings.get(`${Math.floor(status / 100)}xx`)
}

/** Addresses that lead to the machine's own keeper of credentials and not to a gateway. */
const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16)
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')
// Not link-local, and yet where EC2 keeps them for IPv6.
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6')

const isLinkLocal = (host: string): boolean => {
  const address = host.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  return version !== 0 && LINK_LOCAL.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

const checkUrl = (template: string): void => {
  const url = URL.parse(template.replaceAll(/[{}]/g, ''))
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Error('WEBHOOK_URL is no address of HTTP. For example: https://sms.example.com/send')
  }
  if (url.username || url.password) {
    throw new Error(
      'WEBHOOK_URL must not hold credentials: put them into WEBHOOK_HEADERS. For example: Authorization: Basic abc',
    )
  }
  // A number must not choose the host, and what follows `#` never leaves.
  if (!/^https?:\/\/[^/?#\\{}]+(?:[/?][^#]*)?$/i.test(template)) {
    throw new Error(
      'WEBHOOK_URL must have a host without placeholders and no "#". For example: https://sms.example.com/send',
    )
  }
  if (isLinkLocal(url.hostname))
    throw new Error('WEBHOOK_URL leads to a link-local address. For example: https://sms.example.com/send')
}

export const webhookProvider = defineProvider({
  name: 'webhook',
  real: true,
  document: { url: 'https://www.rfc-editor.org/rfc/rfc9110', version: 'HTTP alone: the gateway has its own' },
  channels: ['sms'],
  settings: Type.Object({
    WEBHOOK_URL: Type.String({
      pattern: '^https?://[^\\s]+$',
      description: 'Where the gateway takes messages. May have placeholders, like the body.',
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
        description: 'What the body is: JSON, or the fields of a form.',
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
        description: 'JSON pointer to the id of the message in the answer.',
        examples: ['/messages/0/id'],
      }),
    ),
    WEBHOOK_ACCEPTED_IF: Type.Optional(
      Type.String({
        description: 'What a success must say to count as one, where the gateway answers 200 to everything.',
        examples: ['/status=0'],
      }),
    ),
    WEBHOOK_STATUSES: Type.Array(Type.String(), {
      default: [],
      description:
        'What the statuses of the gateway mean, where it is not the usual: `accepted`, `refused` (the number), `failed` or `unknown`.',
      examples: ['404=refused', '5xx=failed'],
    }),
  }),
  create: (settings, { exchange }) => {
    const url = settings.WEBHOOK_URL
    checkUrl(url)
    const method = METHODS.find((known) => known === settings.WEBHOOK_METHOD)!
    const headers = parseHeaders(settings.WEBHOOK_HEADERS ?? '')
    const address = compileUrl(url)
    const body = method === 'GET' ? undefined : compileBody(settings.WEBHOOK_BODY, settings.WEBHOOK_FORMAT as Format)
    const used = new Set([...address.used, ...(body?.used ?? [])])
    if (!(used.has('to') || used.has('to_digits')) || !(used.has('text') || used.has('code'))) {
      throw new Error(
        'WEBHOOK_BODY or WEBHOOK_URL must have {to} or {to_digits}, and {text} or {code}. For example: {"to":"{to}","text":"{text}"}',
      )
    }
    const findId =
      settings.WEBHOOK_MESSAGE_ID === undefined
        ? undefined
        : parsePointer('WEBHOOK_MESSAGE_ID', settings.WEBHOOK_MESSAGE_ID)
    const isAccepted =
      settings.WEBHOOK_ACCEPTED_IF === undefined ? undefined : parseCondition(settings.WEBHOOK_ACCEPTED_IF)
    const meaningOf = parseStatuses(settings.WEBHOOK_STATUSES)

    const interpret = (answer: HttpAnswer): SendResult => {
      const { status, json, text, retryAfter } = answer
      const isSuccess = status >= 200 && status < 300
      const reason = `HTTP ${status}`
      const meaning = meaningOf(status)
      if (meaning === 'refused' || meaning === 'unknown') return { outcome: meaning, reason }
      if (meaning === 'failed') return { outcome: 'failed', reason, ...(retryAfter !== undefined && { retryAfter }) }
      if (meaning === undefined && !isSuccess) {
        const result = interpretFailure(answer)
        // A gateway that nobody described may mean anything by 400: the next company finds out whether it is the number.
        return result.outcome === 'refused' ? { outcome: 'failed', reason } : result
      }
      // What the settings look for in the answer needs a place to stand there.
      const hasMembers = isObject(json) || (Array.isArray(json) && json.length > 0)
      if (text === undefined || ((isAccepted ?? findId) && !hasMembers))
        return { outcome: 'unknown', reason: 'unreadable answer' }
      if (isAccepted && !isAccepted(json)) return { outcome: 'failed', reason: `${reason} without WEBHOOK_ACCEPTED_IF` }
      const id = findId?.(json)
      return (typeof id === 'string' && id) || typeof id === 'number'
        ? { outcome: 'accepted', messageId: String(id).slice(0, 100) }
        : { outcome: 'accepted' }
    }

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
