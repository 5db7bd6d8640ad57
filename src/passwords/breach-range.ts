import { createHash } from 'node:crypto'
import { createCircuit, PASSING_SERVICE } from '../core/circuit.ts'

/** Asks whether a password is known from breaches. Rejects, or is aborted, when nobody could say. */
export type BreachCheck = (password: string) => Promise<boolean>

/** What the check may be given besides its address. */
export interface BreachRangeOptions {
  /** The way out; the platform's by default. */
  fetch?: typeof globalThis.fetch
  /** Monotonic clock, in ms; the machine's by default. */
  elapsed?: () => number
}

/** The longest that one question may take, in ms. */
const WITHIN = 1_000

/** A line of a range: the rest of a SHA-1, and its count. */
const LINE = /^[0-9A-F]{35}:\d+\s*$/i

/**
 * A check by k-anonymity: the first five digits of the password's SHA-1 go to `url`, and the rest is looked for among the
 * suffixes that come back, one a line with a count (the range API of Have I Been Pwned). Neither the password nor its hash
 * leaves. Padding hides how many there are; padded lines count 0.
 */
export const createBreachRange = (
  url: string,
  { fetch = globalThis.fetch, elapsed = () => performance.now() }: BreachRangeOptions = {},
): BreachCheck => {
  const base = url.replace(/\/$/, '')
  const circuit = createCircuit({ ...PASSING_SERVICE, now: elapsed })

  const ask = async (prefix: string): Promise<string[]> => {
    const response = await fetch(`${base}/${prefix}`, {
      headers: { 'add-padding': 'true' },
      redirect: 'error',
      signal: AbortSignal.timeout(WITHIN),
    })
    if (!response.ok) throw new Error(`the range was answered with ${response.status}`)
    const lines = (await response.text()).split(/\r?\n/).filter((line) => line.trim() !== '')
    // A page of a proxy or a captive portal is not a range, and says nothing of the password.
    if (lines.length === 0 || !lines.every((line) => LINE.test(line))) throw new Error('the answer is not a range')
    return lines
  }

  return async (password) => {
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase()
    const lines = await circuit(
      () => ask(hash.slice(0, 5)),
      (error = new Error('the list is left alone after several failures')) => {
        throw error
      },
    )
    return lines.some((line) => {
      const [suffix, count] = line.split(':')
      return suffix?.toUpperCase() === hash.slice(5) && Number(count) > 0
    })
  }
}
