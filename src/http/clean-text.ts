import type { FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** Control characters, unpaired surrogates and noncharacters. Postgres rejects some; logs would print others raw. */
const UNCLEAN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u

const FORBIDDEN = 'a control character, an unpaired surrogate or a noncharacter'

/** Escapes one part of a JSON pointer (RFC 6901 §3). */
const pointerPart = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** Returns the JSON pointer, below `start`, of the first string with forbidden characters; undefined without one. */
const findUnclean = (input: unknown, start: string): { path: string; message: string } | undefined => {
  // A list instead of recursion: a body within the size limit can nest deeper than the call stack.
  const waiting: { value: unknown; path: string }[] = [{ value: input, path: start }]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, path } = next
    if (typeof value === 'string') {
      if (UNCLEAN.test(value)) return { path: path || '/', message: `contains ${FORBIDDEN}` }
    } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
      for (const [name, member] of Object.entries(value)) {
        // The pointer ends at the parent, so that the forbidden characters are not sent back.
        if (UNCLEAN.test(name)) return { path: path || '/', message: `has a member whose name contains ${FORBIDDEN}` }
        waiting.push({ value: member, path: `${path}/${pointerPart(name)}` })
      }
    }
  }
  return undefined
}

/**
 * Rejects requests with `validation_failed` before their schema is checked, if a string or a member name in the body,
 * query or path contains a control character (also NUL and DEL), an unpaired surrogate or a noncharacter.
 * The query of routes that match `providerQuery` and unparsed bytes are not checked. Accents are not normalized here:
 * names and passwords are normalized where they are compared (NFKC, NFC).
 */
export const registerCleanText = (app: FastifyInstance, { providerQuery }: { providerQuery: RegExp }): void => {
  app.addHook('preValidation', async ({ body, query, params, is404, routeOptions }) => {
    // Unknown routes are not validated.
    if (is404) return
    const ownQuery = providerQuery.test(routeOptions.url ?? '') ? undefined : query
    const fault = findUnclean(body, '') ?? findUnclean(ownQuery, '/query') ?? findUnclean(params, '/params')
    if (fault) throw new Problem('validation_failed', { errors: [fault] })
  })
}
