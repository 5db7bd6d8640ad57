import { timingSafeEqual } from 'node:crypto'

/**
 * Returns true when two texts are equal. The time it takes tells an attacker their lengths at most, not where they
 * differ.
 */
export const isSameText = (given: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
