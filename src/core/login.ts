import { randomUUID } from 'node:crypto'
import { Problem } from '../errors.ts'
import { type AuthenticateDeps, type Authenticated, createAuthenticate } from './authenticate.ts'
import { hashCode, makeClientKey, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import { clientKeyFrom, idempotentRequest } from './idempotency.ts'
import { type DeliveryWish, findFirst, firstOrRefuse, guardRequest, type IssueDeps } from './issue.ts'
import { maskPhone } from './mask.ts'
import { normalizePassword } from './password.ts'
import type {
  Channel,
  DeliveryStatus,
  FactorName,
  PendingClaims,
  Replay,
  RequestContext,
  SendLedger,
  Tokens,
} from './ports.ts'
import { usernameKey } from './username.ts'

/** What the flow is made of. */
export interface FlowDeps extends IssueDeps, AuthenticateDeps {
  ledger: SendLedger
  tokens: Tokens
  /** Digits of a code, 6 to 8. */
  codeLength: number
}

/** A challenge that waits for its code, as `/login` and `/resend` answer it. Durations are whole seconds. */
export interface OpenChallenge {
  pendingToken: string
  expiresIn: number
  factor: FactorName
  factors: FactorName[]
  codeLength: number
  delivery: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number }
}

/**
 * Step one: a user name and a password become a pending token and a code on its way.
 *
 * Throws what `createAuthenticate` throws, and only after a right password `resend_cooldown`, `rate_limited`, `forbidden`
 * (a human check comes first), `destination_not_allowed`, `sms_unavailable` and the problems of an `Idempotency-Key`. If
 * the message surely did not leave, nothing is used up: the former challenge lives on.
 */
export const createLogin = (deps: FlowDeps) => {
  const { challenges, ledger, tokens, journal, codeLength } = deps
  const authenticate = createAuthenticate(deps)

  type Input = { username: string; password: string } & DeliveryWish

  const open = async (
    input: Input,
    context: RequestContext,
    { account, attempt, factor, phone }: Authenticated,
  ): Promise<OpenChallenge> => {
    const { channel, client, idempotencyKey } = input
    const { userId } = account
    const asker = { user_id: userId }
    const dated = { issuedAt: tokens.clock(), secretId: tokens.secretId }
    const request =
      idempotencyKey === undefined
        ? undefined
        : idempotentRequest(idempotencyKey, ['login', usernameKey(input.username), channel, client], dated)
    const claimsFor = (challengeId: string): PendingClaims => ({
      userId,
      challengeId,
      purpose: 'login',
      key:
        idempotencyKey === undefined
          ? makeClientKey()
          : clientKeyFrom(idempotencyKey, challengeId, normalizePassword(input.password)),
    })
    const common = { factor: factor.name, factors: account.factors.map(({ name }) => name), codeLength }
    const destination = maskPhone(phone)
    /** The answer of the first call, made again. */
    const again = (first: Replay): OpenChallenge => ({
      ...common,
      pendingToken: tokens.signPending(claimsFor(first.challengeId), first.life, first.issuedAt, first.secretId),
      expiresIn: first.expiresIn,
      delivery: { channel: first.channel, destination, status: first.delivery, resendIn: first.resendIn },
    })
    const first = await findFirst(deps, request, context, asker)
    if (first) return again(first)

    factor.assertAllowed(phone)
    const claims = claimsFor(randomUUID())
    const code = factor.fixedCode(phone) ?? makeCode(codeLength)
    const plan = factor.plan({
      phone,
      code,
      channel,
      failed: [],
      locale: account.locale,
      acceptLanguage: input.acceptLanguage,
      client,
    })
    const message = { factor, phone, plan, resendIn: account.resendIn, answer: input.humanCheck }
    const begun = await challenges.begin({
      ...claims,
      factor: factor.name,
      channel: plan.channel,
      phone,
      authEpoch: account.authEpoch,
      codeHash: hashCode(tokens.pepper, claims, claims.key, code),
      send: plan.first,
      guard: await guardRequest(deps, message, context, asker),
      attempt,
      request,
    })
    if (begun.outcome === 'refused') {
      journal('login_failed', context, { ...asker, password_ok: true })
      throw new Problem('invalid_credentials')
    }
    if (begun.outcome !== 'begun') return again(await firstOrRefuse(deps, begun, request, context, asker))

    const status = await deliverCode({
      ledger,
      factor,
      plan,
      journal,
      context,
      claims,
      phone,
      withdraw: () => challenges.withdrawBegin(claims, begun.undo),
    })
    journal('login_ok', context, { ...asker, challenge_id: claims.challengeId })
    return {
      ...common,
      pendingToken: tokens.signPending(claims, begun.expiresIn, dated.issuedAt),
      expiresIn: begun.expiresIn,
      delivery: { channel: plan.channel, destination, status, resendIn: begun.resendIn },
    }
  }

  return (input: Input, context: RequestContext): Promise<OpenChallenge> =>
    authenticate(usernameKey(input.username), input.password, context, (authenticated) =>
      open(input, context, authenticated),
    )
}
