import { timingSafeEqual } from 'node:crypto'

/**
 * Compares two texts in constant time. The time reveals at most their lengths, not the position of a difference.
 */
export const isSameText = (given: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
