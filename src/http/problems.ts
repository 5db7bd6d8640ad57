import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { PROBLEMS, Problem } from '../errors.ts'
import { sentMembers } from '../problem-members.ts'
import { answerHeaders } from './headers.ts'
import type { ProblemLog } from './problem-log.ts'

const MEDIA_TYPE = 'application/problem+json'

/** The URI that identifies a kind of problem, and where its page is. */
export const problemType = (issuer: string, code: string): string => `${issuer}/problems/${code}`

/** A problem as RFC 9457 writes it; members without a value are absent. */
const render = (issuer: string, { code, message, status, details }: Problem, instance: string) =>
  JSON.stringify({ type: problemType(issuer, code), title: message, status, code, instance, ...sentMembers(details) })

/** The headers that a problem's status asks for (RFC 9110 §10.2.3, §11.6.1, §15.5.6). */
const problemHeaders = ({ code, status, details }: Problem): Record<string, string> => ({
  ...(status === 401 && {
    'www-authenticate':
      code === 'invalid_token' ? 'Bearer realm="doorcode", error="invalid_token"' : 'Bearer realm="doorcode"',
  }),
  ...(details.required === 'aal2' && {
    'www-authenticate': 'Bearer realm="doorcode", error="insufficient_user_authentication", acr_values="aal2"',
  }),
  ...(details.allow && { allow: details.allow.join(', ') }),
  ...(details.retryAfter !== undefined && { 'retry-after': String(details.retryAfter) }),
})

/** Where in the request a fault lies: a JSON pointer into the body, or into `query` or `headers`. */
const pathOf = ({ instancePath, params }: FastifySchemaValidationError, context: string | undefined): string => {
  const member = params['missingProperty'] ?? params['additionalProperty']
  const inside = typeof member === 'string' ? `${instancePath}/${member}` : instancePath
  const prefix = context === undefined || context === 'body' ? '' : `/${context === 'querystring' ? 'query' : context}`
  return `${prefix}${inside}` || '/'
}

const messageOf = (error: FastifySchemaValidationError & { parentSchema?: { description?: string } }): string => {
  const { keyword, params, message, parentSchema } = error
  if (keyword === 'required') return 'is missing'
  if (keyword === 'additionalProperties') return 'is not a member of this request'
  if (keyword === 'enum') return `must be one of: ${(params['allowedValues'] as unknown[]).join(', ')}`
  if (keyword === 'const') return `must be ${params['allowedValue']}`
  if (keyword === 'pattern' && parentSchema?.description) return `has the wrong form: ${parentSchema.description}`
  return message ?? 'is not valid'
}

const fromValidation = (error: FastifyError): Problem =>
  new Problem('validation_failed', {
    errors: (error.validation ?? []).map((fault) => ({
      path: pathOf(fault, error.validationContext),
      message: messageOf(fault),
    })),
  })

const FROM_STATUS = {
  400: 'malformed_json',
  // The files of the pages: a path that leaves their folder.
  403: 'not_found',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
} as const

/** What Fastify raises before a handler, and whatever else was thrown, as a problem. */
const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  if (!(error instanceof Error)) return new Problem('internal_error', { cause: error })
  const fastifyError = error as FastifyError
  if (fastifyError.validation) return fromValidation(fastifyError)
  if (fastifyError.code === 'FST_ERR_BAD_URL' || fastifyError.code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new Problem('not_found', { cause: error })
  }
  const { statusCode = 500 } = fastifyError
  const code = FROM_STATUS[statusCode as keyof typeof FROM_STATUS]
  if (code) return new Problem(code, { cause: error })
  if (statusCode < 400 || statusCode >= 500) return new Problem('internal_error', { cause: error })
  // A range that the file does not have, or a condition that it does not meet.
  const message = STATUS_CODES[statusCode]?.toLowerCase() ?? 'cannot be met'
  return new Problem('validation_failed', { errors: [{ path: '/headers', message }], cause: error })
}

/** What problems are rendered and logged with. */
export interface ProblemOptions {
  issuer: string
  log: ProblemLog
}

/** Answers with a problem, whatever the route's schema says, and logs the cause of those that are our fault. */
const send = (
  { issuer, log }: ProblemOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply => {
  const problem = toProblem(error)
  log.add(request, problem)
  return reply
    .code(problem.status)
    .headers(problemHeaders(problem))
    .type(MEDIA_TYPE)
    .send(render(issuer, problem, request.id))
}

/** Makes every answer that is not a success a problem: thrown ones, unknown routes, and Fastify's own. */
export const registerProblems = (app: FastifyInstance, options: ProblemOptions): void => {
  app.setErrorHandler((error, request, reply) => send(options, request, reply, error))
  app.setNotFoundHandler((request, reply) => send(options, request, reply, new Problem('not_found')))
  app.addHook('onClose', async () => options.log.flush())
}

/** Renders the faults that Fastify finds before any hook runs, such as a URL that cannot be decoded. */
export const frameworkErrors =
  (options: ProblemOptions) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    send(options, request, reply.headers(answerHeaders(request.id)), error)
  }

/** Answers what is not HTTP at all, on the bare socket: there is no request yet. */
export const clientErrorHandler =
  (issuer: string) =>
  (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || !socket.writable) {
      socket.destroy()
      return
    }
    const problem =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? new Problem('payload_too_large')
        : new Problem('validation_failed', { errors: [{ path: '/', message: 'is not valid HTTP' }] })
    const instance = randomUUID()
    const body = render(issuer, problem, instance)
    const headers = {
      ...answerHeaders(instance),
      'content-type': MEDIA_TYPE,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const phrase = problem.status === 413 ? 'Content Too Large' : 'Bad Request'
    socket.end([`HTTP/1.1 ${problem.status} ${phrase}`, ...head, '', body].join('\r\n'))
  }

/** The statuses that problems have, each with its codes. */
export const codesByStatus = (codes: readonly (keyof typeof PROBLEMS)[]): Map<number, (keyof typeof PROBLEMS)[]> => {
  const statuses = new Map<number, (keyof typeof PROBLEMS)[]>()
  for (const code of codes) {
    const { status } = PROBLEMS[code]
    statuses.set(status, [...(statuses.get(status) ?? []), code])
  }
  return statuses
}
