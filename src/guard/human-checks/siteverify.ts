/** The request to `siteverify` that Turnstile and hCaptcha share, and the meaning of its responses. */
import { isIP } from 'node:net'
import type { HumanCheck } from '../../core/guard/ports.ts'
import { isObject, type Transport, type WireAnswer } from '../../http-client/client.ts'

/** The options of a `siteverify` request. */
export interface SiteverifyOptions {
  transport: Transport
  url: string
  secret: string
  /** The site key to send, for providers that compare it. */
  siteKey?: string | undefined
  /** The host that the token must come from; undefined for any. */
  hostname?: string | undefined
  /** Longest token, in characters. A longer one is `failed` without a request. */
  longest: number
  /** Milliseconds until the result is `unavailable`; 2,000 by default. */
  timeout?: number
}

/**
 * Error codes that blame the provider, our secret or the address that we sent. All other codes blame the token:
 * attackers who could cause `unavailable` with a bad token would pass. `bad-request` blames the token because the rest
 * of the request is well-formed. `sitekey-secret-mismatch` is the response to a token of another site.
 */
const NOT_THE_TOKEN = new Set<unknown>([
  'internal-error',
  'missing-input-secret',
  'invalid-input-secret',
  'missing-remoteip',
  'invalid-remoteip',
])

/**
 * Tokens are base64url and dots. Other texts are not sent, because a firewall of the provider might answer them, and
 * its response would not be a verdict.
 */
const TOKEN = /^[\w.~+=-]+$/

/** Returns the verdict of a response. Throws when its body is not JSON. */
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
 * Makes the `verify` of a check with `siteverify`. It sends one request without retries: the provider accepts each
 * token once, so a retry after a lost response would be refused. Never throws.
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
