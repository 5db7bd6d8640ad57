import { hash } from 'node:crypto'

/** Most bits to solve. 2^28 attempts take minutes, and a hostile server could require years. */
const MOST_BITS = 28

/** Returns the number of leading zero bits in the SHA-256 (FIPS 180-4 §6.2) of an ASCII text; at most 32. */
export const countZeroBits = (text: string): number => Math.clz32(hash('sha256', text, 'buffer').readUInt32BE())

/**
 * Solves a challenge of the kind `proof-of-work`. Returns `NONCE:SOLUTION`, found after 2^bits attempts on average.
 * Blocks the thread: half a second for 18 bits. Throws a RangeError for more than 28 bits.
 */
export const solveProofOfWork = ({ nonce, bits }: { nonce: string; bits: number }): string => {
  if (!(bits <= MOST_BITS)) throw new RangeError(`more than ${MOST_BITS} bits are required`)
  for (let attempt = 0; ; attempt += 1) {
    const answer = `${nonce}:${attempt.toString(36)}`
    if (countZeroBits(answer) >= bits) return answer
  }
}
