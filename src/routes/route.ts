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
  /** What the operator says to whoever has forgotten the password. */
  recoveryHelp: string
  receipt: TakeReceipt
  /** Unix time, ms. */
  now: () => number
  /** The channels this server has. */
  channels: readonly Channel[]
  /** How each company does, for readiness. */
  deliveryStates: () => CompanyState[]
  limit: Limiter
  /** The signing keys that are published by now. */
  keys: () => readonly PublicJwk[]
  readiness: readonly ReadinessCheck[]
  /** Messages kept for tests, all of them without a number; absent where nobody may read them. */
  outbox?:
    | {
        find(to?: string): { to: string; channel: Channel; body: string; sentAt: string }[]
        /** Whether only programs and pages of this machine may ask. */
        onlyHere?: boolean
      }
    | undefined
  /** The files of the demo pages, by their paths below `/demo/`; absent where there are none. */
  demo?: ReadonlyMap<string, { type: string; body: string }> | undefined
}

/** One route: it adds itself to the app. */
export type Route = (app: App, deps: RouteDeps) => void | Promise<void>

/** As much of a `User-Agent` as a list of sessions shows. */
const LONGEST_CLIENT = 64

const clientName = (header: string | undefined): string | null =>
  header
    ?.replace(/[^\x20-\x7e]/g, '')
    .slice(0, LONGEST_CLIENT)
    .trim() || null

/** Where a request came from, and how long it may wait. */
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
): DeliveryOptions => {
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
