import { createHmac } from 'node:crypto'
import { foldCode } from '../../../../src/core/challenge/code.ts'
import type { Factor } from '../../../../src/core/challenge/factor.ts'

const DIGITS = 6

/** The number of counter values ahead that are accepted, for codes that the user generated and did not send. */
const LOOK_AHEAD = 10

/** Returns the code that a token shows for this value of its counter (RFC 4226 §5.3). */
export const hotp = (secret: Buffer, counter: number): string => {
  const moving = Buffer.alloc(8)
  moving.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', secret).update(moving).digest()
  const number = mac.readUInt32BE(mac[19]! & 0xf) & 0x7fffffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** A device that shows counter-based codes: nothing is sent, and nothing is stored with the challenge. */
export const tokenFactor: Factor = {
  name: 'token',
  codeLength: DIGITS,
  amr: () => ['otp'],
  begin: () => ({ hash: null }),

  async answer({ code, enrollment }) {
    const { secret, counter } = await enrollment()
    if (!secret) return {}
    const next = (counter ?? -1) + 1
    const typed = foldCode(code)
    for (let at = next; at < next + LOOK_AHEAD; at += 1) if (hotp(secret, at) === typed) return { counter: at }
    return {}
  },
}
