import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { PROBLEMS, Problem } from '../errors.ts'
import { sentMembers } from '../problem-members.ts'
import { answerHeaders } from './headers.ts'
import type { ProblemLog } from './problem-log.ts'

const MEDIA_TYPE = 'application/problem+json'

/** Returns the URI that identifies a problem code and is the URL of its page. */
export const problemType = (issuer: string, code: string): string => `${issuer}/problems/${code}`

/** Returns the JSON of a problem (RFC 9457). Members without a value are absent. */
const render = (issuer: string, { code, message, status, details }: Problem, instance: string) =>
  JSON.stringify({ type: problemType(issuer, code), title: message, status, code, instance, ...sentMembers(details) })

/** Returns the headers that a problem's status requires (RFC 9110 §10.2.3, §11.6.1, §15.5.6). */
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

/** Returns the location of a validation error: a JSON pointer into the body, or into `query` or `headers`. */
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
  // Static files: a path that leaves their folder.
  403: 'not_found',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
} as const

/** Converts errors of Fastify and all other thrown values to problems. */
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
  // Static files: a range or a condition that the file cannot satisfy.
  const message = STATUS_CODES[statusCode]?.toLowerCase() ?? 'cannot be met'
  return new Problem('validation_failed', { errors: [{ path: '/headers', message }], cause: error })
}

/** The options for rendering and logging problems. */
export interface ProblemOptions {
  issuer: string
  log: ProblemLog
}

/** Sends a problem regardless of the route's schema, and logs the cause of a 5xx. */
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

/** Turns every error response into a problem: thrown errors, unknown routes and Fastify's own errors. */
export const registerProblems = (app: FastifyInstance, options: ProblemOptions): void => {
  app.setErrorHandler((error, request, reply) => send(options, request, reply, error))
  app.setNotFoundHandler((request, reply) => send(options, request, reply, new Problem('not_found')))
  app.addHook('onClose', async () => options.log.flush())
}

/** Returns the handler of errors that Fastify raises before any hook runs, such as a URL that cannot be decoded. */
export const frameworkErrors =
  (options: ProblemOptions) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    send(options, request, reply.headers(answerHeaders(request.id)), error)
  }

/** Returns the handler of invalid HTTP. It writes to the socket, because no request object exists yet. */
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

/** Groups problem codes by their HTTP status. */
export const codesByStatus = (codes: readonly (keyof typeof PROBLEMS)[]): Map<number, (keyof typeof PROBLEMS)[]> => {
  const statuses = new Map<number, (keyof typeof PROBLEMS)[]>()
  for (const code of codes) {
    const { status } = PROBLEMS[code]
    statuses.set(status, [...(statuses.get(status) ?? []), code])
  }
  return statuses
}
