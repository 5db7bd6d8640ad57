import { hash } from 'node:crypto'

/** More than any server asks for: 2^28 tries are minutes of work, and a hostile server could ask for years. */
const MOST_BITS = 28

/** How many zero bits the SHA-256 (FIPS 180-4 §6.2) of an ASCII text begins with; 32 at most. */
export const countZeroBits = (text: string): number => Math.clz32(hash('sha256', text, 'buffer').readUInt32BE())

/**
 * The answer to a challenge of the kind `proof-of-work`: `NONCE:SOLUTION`, found after 2^bits tries on average. Works in
 * one go, so that nothing else runs meanwhile: half a second for 18 bits. Throws a RangeError for more than 28 bits.
 */
export const solveProofOfWork = ({ nonce, bits }: { nonce: string; bits: number }): string => {
  if (!(bits <= MOST_BITS)) throw new RangeError(`more than ${MOST_BITS} bits are asked for`)
  for (let attempt = 0; ; attempt += 1) {
    const answer = `${nonce}:${attempt.toString(36)}`
    if (countZeroBits(answer) >= bits) return answer
  }
}
