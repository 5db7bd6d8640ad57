import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** Control characters, which Postgres refuses or logs show raw, halves of surrogate pairs, and what stands for no character. */
const UNCLEAN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u

const WHAT = 'a control character, half of a surrogate pair or a noncharacter'

/** One part of a JSON pointer (RFC 6901 §3). */
const pointerPart = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** Where the first text lies that is not clean, below the pointer `start`; undefined when all are. */
const findUnclean = (input: unknown, start: string): { path: string; message: string } | undefined => {
  // A list and no recursion: a body within the limit nests deeper than a small stack would bear.
  const waiting: { value: unknown; path: string }[] = [{ value: input, path: start }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path } = next
    if (typeof value === 'string') {
      if (UNCLEAN.test(value)) return { path: path || '/', message: `has ${WHAT}` }
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const [name, member] of Object.entries(value)) {
        // The pointer ends at the owner, or the name would travel back as it came.
        if (UNCLEAN.test(name)) return { path: path || '/', message: `has a member whose name has ${WHAT}` }
        waiting.push({ value: member, path: `${path}/${pointerPart(name)}` })
      }
    }
  }
  return undefined
}

/**
 * Refuses with `validation_failed`, on every route and before its schema is looked at, whatever has a control character
 * (NUL and DEL too), half of a surrogate pair or a noncharacter in a string or a member's name of its body, query or
 * path; but for the query of routes that match `foreignQuery`. Bytes that were not parsed are left alone, and so is how accents are composed: names and passwords are
 * normalised where they are compared (NFKC, NFC).
 */
export const registerCleanText = (app: FastifyInstance, { foreignQuery }: { foreignQuery: RegExp }): void => {
  app.addHook('preValidation', async ({ body, query, params, is404, routeOptions }) => {
    // Where nothing is, nothing is wrong with what was sent there.
    if (is404) return
    const ownQuery = foreignQuery.test(routeOptions.url ?? '') ? undefined : query
    const fault = findUnclean(body, '') ?? findUnclean(ownQuery, '/query') ?? findUnclean(params, '/params')
    if (fault) throw new Problem('validation_failed', { errors: [fault] })
  })
}
