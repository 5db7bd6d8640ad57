import { createHash } from 'node:crypto'
import { createCircuit, PASSING_SERVICE } from '../core/circuit.ts'

/** Returns true for a password known from breaches. Rejects when the list cannot be reached. */
export type BreachCheck = (password: string) => Promise<boolean>

/** The options of the breach check, in addition to its URL. */
export interface BreachRangeOptions {
  /** Sends the requests; the platform's `fetch` by default. */
  fetch?: typeof globalThis.fetch
  /** Monotonic clock, in ms; the machine's by default. */
  elapsed?: () => number
}

/** Longest duration of one request, in ms. */
const WITHIN = 1_000

/** A line of a range: the suffix of a SHA-1, and its count. */
const LINE = /^[0-9A-F]{35}:\d+\s*$/i

/**
 * Makes a breach check by k-anonymity (the range API of Have I Been Pwned). Only the first five hex digits of the
 * password's SHA-1 are sent to `url`. The response has suffixes with counts, one a line, among which the rest is
 * searched. Padding hides the number of suffixes; padded lines have the count 0.
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
    if (!response.ok) throw new Error(`the range API returned status ${response.status}`)
    const lines = (await response.text()).split(/\r?\n/).filter((line) => line.trim() !== '')
    // The page of a proxy or captive portal is not a range and must not pass as "not breached".
    if (lines.length === 0 || !lines.every((line) => LINE.test(line))) throw new Error('the response is not a range')
    return lines
  }

  return async (password) => {
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase()
    const lines = await circuit(
      () => ask(hash.slice(0, 5)),
      (error = new Error('the list is not asked after several failures')) => {
        throw error
      },
    )
    return lines.some((line) => {
      const [suffix, count] = line.split(':')
      return suffix?.toUpperCase() === hash.slice(5) && Number(count) > 0
    })
  }
}
