/** What Turnstile and hCaptcha have in common: the request that asks whether a token is good, and what answers mean. */
import { isIP } from 'node:net'
import type { HumanCheck } from '../../core/guard/ports.ts'
import { isObject, type Transport, type WireAnswer } from '../../http-client/client.ts'

/** How to ask one company. */
export interface SiteverifyOptions {
  transport: Transport
  url: string
  secret: string
  /** The site key that the token must be of, for companies that compare it. */
  siteKey?: string | undefined
  /** The host that the token must come from; any when undefined. */
  hostname?: string | undefined
  /** Characters of the longest token there is; a longer one is `failed`, and nobody is asked. */
  longest: number
  /** Milliseconds until nobody could say: 2,000 unless told otherwise. */
  timeout?: number
}

/**
 * Codes that blame the company, our secret or the address that we sent. All others blame the token, known or not: who
 * could make `unavailable` of a token would need no good one. That is so for `bad-request`, as the rest of the request
 * is well-formed, and for `sitekey-secret-mismatch`, which a token of anybody else's site is answered with.
 */
const NOT_THE_TOKEN = new Set<unknown>([
  'internal-error',
  'missing-input-secret',
  'invalid-input-secret',
  'missing-remoteip',
  'invalid-remoteip',
])

/**
 * Tokens are base64url and dots. Others are not passed on: a firewall before the company might answer in its stead, and
 * that is no answer.
 */
const TOKEN = /^[\w.~+=-]+$/

/** Throws when the body is not JSON. */
const interpret = ({ status, body }: WireAnswer, hostname: string | undefined): 'passed' | 'failed' | 'unavailable' => {
  const answer: unknown = JSON.parse(body ?? '')
  if (!isObject(answer)) return 'unavailable'
  const isSuccess = status >= 200 && status <= 299
  if (isSuccess && answer['success'] === true) {
    return hostname === undefined || answer['hostname'] === hostname ? 'passed' : 'failed'
  }
  if (answer['success'] !== false || !(isSuccess || status === 400)) return 'unavailable'
  const codes: unknown = answer['error-codes']
  return Array.isArray(codes) && codes.some((code) => NOT_THE_TOKEN.has(code)) ? 'unavailable' : 'failed'
}

/**
 * Makes the `verify` of a check whose company has `siteverify`. It asks once: the company sees to it that each token
 * passes once, and a token that is asked for again after a lost answer would be refused. Never throws.
 */
export const createSiteverify =
  ({ transport, url, secret, siteKey, hostname, longest, timeout = 2_000 }: SiteverifyOptions): HumanCheck['verify'] =>
  async (token, { address }) => {
    if (token.length > longest || !TOKEN.test(token)) return 'failed'
    const form = new URLSearchParams({
      secret,
      response: token,
      ...(isIP(address) && { remoteip: address }),
      ...(siteKey !== undefined && { sitekey: siteKey }),
    })
    try {
      const answer = await transport(
        {
          method: 'POST',
          url,
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
          body: form.toString(),
        },
        AbortSignal.timeout(timeout),
      )
      return interpret(answer, hostname)
    } catch {
      return 'unavailable'
    }
  }
