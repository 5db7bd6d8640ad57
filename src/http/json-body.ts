import { isUtf8 } from 'node:buffer'
import type { FastifyBodyParser, FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** A complete string in JSON text. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/g

/** Counts the members of all objects in a JSON text: each has one colon outside of strings. */
const countWritten = (json: string): number => json.replaceAll(STRING, '').split(':').length - 1

/** Counts the members of all objects in a parsed value, at every depth. */
const countMembers = (root: unknown): number => {
  // A list instead of recursion: a body within the size limit can nest deeper than the call stack.
  const waiting = [root]
  let count = 0
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) count += Object.keys(value).length
    waiting.push(...Object.values(value))
  }
  return count
}

/**
 * Creates a strict JSON parser, which throws `malformed_json` in two cases. The body is not UTF-8 (RFC 8259 §8.1):
 * lenient decoding replaces each invalid byte with U+FFFD, so that two different passwords could become equal. An object
 * has a duplicate member (RFC 8259 §4): parsers disagree on whether the first or the last one counts.
 */
export const strictJsonParser = (app: FastifyInstance): FastifyBodyParser<Buffer> => {
  const parse = app.getDefaultJsonParser('error', 'error')
  return (request, body, done) => {
    if (!isUtf8(body)) {
      done(new Problem('malformed_json', { detail: 'The body is not UTF-8.' }))
      return
    }
    const text = body.toString()
    void parse(request, text, (error, value) => {
      if (error) done(error)
      else if (countWritten(text) !== countMembers(value))
        done(new Problem('malformed_json', { detail: 'An object in the body has a duplicate member.' }))
      else done(null, value)
    })
  }
}
