/**
 * The built-in human check, which needs no provider. A browser works for some seconds; a program must repeat the work
 * for each message. The check shares no data with anyone and stores only used nonces.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { HumanCheck, NonceStore } from '../../core/guard/ports.ts'
import { isSameText } from '../../core/same-text.ts'
import { defineHumanCheck } from './check.ts'
import { countZeroBits } from './solve-proof-of-work.ts'

/** The options of the proof of work. */
export interface ProofOfWorkOptions {
  /** Signs nonces; the same key on every instance. */
  key: Uint8Array
  nonces: NonceStore
  /** Milliseconds since 1970. */
  now: () => number
  /** Seconds in which a challenge can be answered; 120 by default. */
  ttl?: number
  /** Required zero bits without load; 18 by default. Load adds up to 4 more. */
  bits?: number
}

/** Challenges a minute from which one more bit is required, and another with each doubling. */
const BUSY = 60
const MOST_EXTRA_BITS = 4
const MINUTE = 60_000

/** Matches an answer: the signed text, its MAC, and the solution. */
const ANSWER = /^([\w-]{16}\.[0-9a-z]{1,9}\.\d{1,2})\.([\w-]{22}):[\w-]{1,32}$/

/** Makes the function that returns the extra bits for the challenges of the last minute. Its memory is bounded. */
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
 * Makes the proof-of-work check. A nonce contains all its data (`RANDOM.EXPIRY.BITS.MAC`, the expiry in seconds since
 * 1970 in base 36), so that requests for challenges need no storage. The MAC is HMAC-SHA-256 truncated to 128 bits (RFC
 * 2104 §5). The store is asked last, and only for correct answers. If the store fails, the result is `unavailable`.
 */
export const createProofOfWork = ({ key, nonces, now, ttl = 120, bits = 18 }: ProofOfWorkOptions): HumanCheck => {
  const extraBits = createDifficulty(now)

  const sign = (text: string): string =>
    createHmac('sha256', key).update(text).digest().subarray(0, 16).toString('base64url')

  return {
    name: 'proof-of-work',

    challenge: () => {
      const asked = bits + extraBits()
      // Rounded up, so that a challenge never expires early.
      const expiry = Math.ceil(now() / 1_000) + ttl
      const signed = `${randomBytes(12).toString('base64url')}.${expiry.toString(36)}.${asked}`
      return { kind: 'proof-of-work', nonce: `${signed}.${sign(signed)}`, bits: asked, expires_in: ttl }
    },

    verify: async (answer) => {
      const [, signed, mac] = ANSWER.exec(answer) ?? []
      // Compared as text, because several texts decode to the bytes of one MAC.
      if (!signed || !mac || !isSameText(mac, sign(signed))) return 'failed'
      const [random, expiry, asked] = signed.split('.')
      if (now() >= Number.parseInt(expiry!, 36) * 1_000 || countZeroBits(answer) < Number(asked)) return 'failed'
      try {
        // Kept for twice its validity, because the clocks of two instances differ.
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
