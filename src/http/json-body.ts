import { isUtf8 } from 'node:buffer'
import type { FastifyBodyParser, FastifyInstance } from 'fastify'
import { Problem } from '../errors.ts'

/** A string of JSON text, whole. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/g

/** How many members the objects of a JSON text have: each has one colon that is in no string. */
const countWritten = (json: string): number => json.replaceAll(STRING, '').split(':').length - 1

/** How many members the objects of a value have, at every depth. */
const countMembers = (root: unknown): number => {
  // A list and no recursion: a body within the limit nests deeper than a small stack would bear.
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
 * Parses JSON strictly. Refuses with `malformed_json` what is not UTF-8 (RFC 8259 §8.1): decoded leniently, each wrong byte
 * becomes U+FFFD, and two different passwords one. Refuses also an object that has a member twice (RFC 8259 §4), of which
 * parsers take the first or the last.
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
        done(new Problem('malformed_json', { detail: 'An object of the body has a member twice.' }))
      else done(null, value)
    })
  }
}
