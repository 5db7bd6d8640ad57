import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ChangePassword } from '../core/account/change-password.ts'
import type { ChangePhone } from '../core/account/change-phone.ts'
import type { Register } from '../core/account/register.ts'
import type { DeliveryOptions } from '../core/challenge/issue.ts'
import type { Resend } from '../core/challenge/resend.ts'
import type { ChallengeStatus } from '../core/challenge/status.ts'
import type { Verify } from '../core/challenge/verify.ts'
import type { Channel, Client } from '../core/delivery/ports.ts'
import type { TakeReceipt } from '../core/delivery/receipt.ts'
import type { Login } from '../core/login/login.ts'
import type { Authorize } from '../core/session/authorize.ts'
import type { DeviceStore, SessionStore } from '../core/session/ports.ts'
import type { Refresh } from '../core/session/refresh.ts'
import type { SignOut } from '../core/session/sign-out.ts'
import type { RequestContext } from '../core/terms.ts'
import { Problem } from '../errors.ts'
import { addressOf, originOf } from '../http/address.ts'
import type { Limiter } from '../http/rate-limit.ts'
import type { TokenCookies } from '../http/token-cookies.ts'
import type { PublicJwk } from '../keys/key-set.ts'

/** A Fastify instance whose handlers are typed by their schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** A readiness check. `check` rejects while the part of the service is unavailable. */
export interface ReadinessCheck {
  name: string
  check: () => Promise<void>
}

/** The state of a provider's circuit breaker on one channel. */
export interface ProviderState {
  provider: string
  channel: Channel
  state: 'closed' | 'open' | 'half-open'
}

/** The dependencies of the routes. */
export interface RouteDeps {
  issuer: string
  login: Login
  verify: Verify
  resend: Resend
  challengeStatus: ChallengeStatus
  authorize: Authorize
  refresh: Refresh
  register: Register
  changePassword: ChangePassword
  changePhone: ChangePhone
  signOut: SignOut
  sessions: Pick<SessionStore, 'list'>
  devices: Pick<DeviceStore, 'list'>
  cookies: TokenCookies
  /** Message shown to users who forgot their password. */
  recoveryHelp: string
  receipt: TakeReceipt
  /** Unix time, ms. */
  now: () => number
  /** The channels that this server can send on. */
  channels: readonly Channel[]
  /** Returns the state of each provider and channel, for readiness. */
  deliveryStates: () => ProviderState[]
  limit: Limiter
  /** Returns the published signing keys. */
  keys: () => readonly PublicJwk[]
  readiness: readonly ReadinessCheck[]
  /** The development outbox; absent in production. `find` without a number returns all messages. */
  outbox?:
    | {
        find(to?: string): { to: string; channel: Channel; body: string; sentAt: string }[]
        /** Accept only requests from this machine. */
        isLocalOnly?: boolean
      }
    | undefined
  /** The files of the demo pages by their paths below `/demo/`; absent if the demo is disabled. */
  demo?: ReadonlyMap<string, { type: string; body: string }> | undefined
}

/** A function that adds one or more routes to the app. */
export type Route = (app: App, deps: RouteDeps) => void | Promise<void>

/** Longest part of a `User-Agent` that is stored for the list of sessions. */
const LONGEST_CLIENT = 64

const clientName = (header: string | undefined): string | null =>
  header
    ?.replace(/[^\x20-\x7e]/g, '')
    .slice(0, LONGEST_CLIENT)
    .trim() || null

/** Returns the origin of a request and the time left to answer it, in ms. */
export const contextOf = (request: FastifyRequest): RequestContext => {
  const address = addressOf(request)
  const client = clientName(request.headers['user-agent'])
  return {
    requestId: request.id,
    address,
    ...originOf(address),
    client,
    left: () => request.answerBy - performance.now(),
  }
}

/** Reads the delivery options of a request. Throws `validation_failed` for a channel that this server cannot send on. */
export const readDeliveryOptions = (
  {
    headers,
    body,
  }: {
    headers: FastifyRequest['headers']
    body: { channel?: Channel; client?: Client; human_check?: string }
  },
  channels: readonly Channel[],
): DeliveryOptions => {
  const { channel, client, human_check: humanCheck } = body
  if (channel && !channels.includes(channel)) {
    const message = `must be a channel of this server: ${channels.join(', ')}`
    throw new Problem('validation_failed', { errors: [{ path: '/channel', message }] })
  }
  const acceptLanguage = headers['accept-language']
  // A structured field has quotes around the key; many clients omit them.
  const idempotencyKey = headers['idempotency-key']?.toString().replaceAll('"', '')
  return {
    ...(channel && { channel }),
    ...(client && { client }),
    ...(humanCheck && { humanCheck }),
    ...(acceptLanguage && { acceptLanguage }),
    ...(idempotencyKey && { idempotencyKey }),
  }
}

/** Returns the token of `Authorization: Bearer …` (RFC 6750 §2.1). Throws `invalid_token` if there is not exactly one. */
export const bearerToken = ({ headers }: FastifyRequest): string => {
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1]
  if (!token) throw new Problem('invalid_token', { detail: 'Send the header "Authorization: Bearer <token>".' })
  return token
}
