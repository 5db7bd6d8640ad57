import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { createChallengeStatus } from '../core/challenge.ts'
import type { DeliveryWish } from '../core/issue.ts'
import type { createLogin } from '../core/login.ts'
import type { createMe } from '../core/me.ts'
import type { Channel, Client, RequestContext } from '../core/ports.ts'
import type { createReceipt } from '../core/receipt.ts'
import type { createResend } from '../core/resend.ts'
import type { createVerify } from '../core/verify.ts'
import { Problem } from '../errors.ts'
import { addressOf, originOf } from '../http/address.ts'
import type { Limiter } from '../http/rate-limit.ts'
import type { PublicJwk } from '../keys/key-set.ts'

/** A Fastify instance whose handlers are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** A part of the service that readiness depends on. `check` rejects while the part is missing. */
export interface ReadinessCheck {
  name: string
  check: () => Promise<void>
}

/** One company and channel, and whether its circuit lets messages through. */
export interface CompanyState {
  provider: string
  channel: Channel
  state: 'closed' | 'open' | 'half-open'
}

/** What routes are made of. */
export interface RouteDeps {
  issuer: string
  login: ReturnType<typeof createLogin>
  verify: ReturnType<typeof createVerify>
  resend: ReturnType<typeof createResend>
  challengeStatus: ReturnType<typeof createChallengeStatus>
  me: ReturnType<typeof createMe>
  receipt: ReturnType<typeof createReceipt>
  /** The channels this server has. */
  channels: readonly Channel[]
  /** How each company does, for readiness. */
  deliveryStates: () => CompanyState[]
  limit: Limiter
  jwks: readonly PublicJwk[]
  readiness: readonly ReadinessCheck[]
  /** Messages kept for tests; absent unless it was switched on. */
  outbox?: { find(to: string): { to: string; channel: Channel; body: string; sentAt: string }[] } | undefined
}

/** One route: it adds itself to the app. */
export type Route = (app: App, deps: RouteDeps) => void | Promise<void>

/** Where a request came from, and since when it waits. */
export const contextOf = (request: FastifyRequest): RequestContext => {
  const start = performance.now()
  const address = addressOf(request)
  return { requestId: request.id, address, ...originOf(address), elapsed: () => performance.now() - start }
}

/** How the caller wants the code to travel. Throws `validation_failed` for a channel that this server does not have. */
export const deliveryWish = (
  {
    headers,
    body,
  }: {
    headers: FastifyRequest['headers']
    body: { channel?: Channel; client?: Client; human_check?: string }
  },
  channels: readonly Channel[],
): DeliveryWish => {
  const { channel, client, human_check: humanCheck } = body
  if (channel && !channels.includes(channel)) {
    const message = `must be one that this server has: ${channels.join(', ')}`
    throw new Problem('validation_failed', { errors: [{ path: '/channel', message }] })
  }
  const acceptLanguage = headers['accept-language']
  // A structured field writes it in quotes; many clients do not.
  const idempotencyKey = headers['idempotency-key']?.toString().replaceAll('"', '')
  return {
    ...(channel && { channel }),
    ...(client && { client }),
    ...(humanCheck && { humanCheck }),
    ...(acceptLanguage && { acceptLanguage }),
    ...(idempotencyKey && { idempotencyKey }),
  }
}

/** The token of `Authorization: Bearer …` (RFC 6750 §2.1). Throws `invalid_token` when there is not exactly one. */
export const bearerToken = ({ headers }: FastifyRequest): string => {
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1]
  if (!token) throw new Problem('invalid_token', { detail: 'Send the header "Authorization: Bearer <token>".' })
  return token
}
