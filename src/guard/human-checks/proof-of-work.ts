/**
 * The human check that needs no company: some seconds of work for a browser, and as much again for each message that a
 * program wants. It tells nobody anything of anybody, and keeps nothing but what was used.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { HumanCheck, NonceStore } from '../../core/guard/ports.ts'
import { isSameText } from '../../core/same-text.ts'
import { defineHumanCheck } from './check.ts'
import { countZeroBits } from './solve-proof-of-work.ts'

/** What the check is made with. */
export interface ProofOfWorkOptions {
  /** Signs nonces; the same on every instance. */
  key: Uint8Array
  nonces: NonceStore
  /** Milliseconds since 1970. */
  now: () => number
  /** Seconds in which a challenge can be answered: 120 unless told otherwise. */
  ttl?: number
  /** Zero bits that are asked for in quiet times: 18 unless told otherwise; up to 4 more with load. */
  bits?: number
}

/** From this many challenges a minute on there is one more bit, and one more with each doubling. */
const BUSY = 60
const MOST_EXTRA_BITS = 4
const MINUTE = 60_000

/** What is signed, its MAC, and the solution. */
const ANSWER = /^([\w-]{16}\.[0-9a-z]{1,9}\.\d{1,2})\.([\w-]{22}):[\w-]{1,32}$/

/** Bits to add, by how many challenges the last minute had. Remembers no more of them than matter. */
const createDifficulty = (now: () => number): (() => number) => {
  const most = BUSY * 2 ** (MOST_EXTRA_BITS - 1)
  const issued: number[] = []
  return () => {
    const moment = now()
    const count = issued.filter((at) => at > moment - MINUTE).length
    issued.push(moment)
    if (issued.length > most) issued.shift()
    return count < BUSY ? 0 : 1 + Math.floor(Math.log2(count / BUSY))
  }
}

/**
 * Makes the check. A nonce carries all that is to be known of it (`RANDOM.EXPIRY.BITS.MAC`, the expiry in seconds since
 * 1970 in base 36), so that asking for challenges fills nothing up. The MAC is HMAC-SHA-256 cut to 128 bits (RFC 2104
 * §5). The store is asked last, for answers that are right; when it cannot say, the answer is `unavailable`.
 */
export const createProofOfWork = ({ key, nonces, now, ttl = 120, bits = 18 }: ProofOfWorkOptions): HumanCheck => {
  const extraBits = createDifficulty(now)

  const sign = (text: string): string =>
    createHmac('sha256', key).update(text).digest().subarray(0, 16).toString('base64url')

  return {
    name: 'proof-of-work',

    challenge: () => {
      const asked = bits + extraBits()
      // Rounded up, so that a challenge lasts for no less than it says.
      const expiry = Math.ceil(now() / 1_000) + ttl
      const signed = `${randomBytes(12).toString('base64url')}.${expiry.toString(36)}.${asked}`
      return { kind: 'proof-of-work', nonce: `${signed}.${sign(signed)}`, bits: asked, expires_in: ttl }
    },

    verify: async (answer) => {
      const [, signed, mac] = ANSWER.exec(answer) ?? []
      // As text: several texts decode to the bytes of one MAC.
      if (!signed || !mac || !isSameText(mac, sign(signed))) return 'failed'
      const [random, expiry, asked] = signed.split('.')
      if (now() >= Number.parseInt(expiry!, 36) * 1_000 || countZeroBits(answer) < Number(asked)) return 'failed'
      try {
        // For twice as long as it is valid, because the clocks of two instances differ.
        return (await nonces.use(`proof-of-work:${random}`, 2 * ttl)) ? 'passed' : 'failed'
      } catch {
        return 'unavailable'
      }
    },
  }
}

/** The default check. It has no settings. */
export const proofOfWork = defineHumanCheck({
  name: 'proof-of-work',
  settings: Type.Object({}),
  create: (_settings, { key, nonces, now }) => createProofOfWork({ key, nonces, now }),
})
