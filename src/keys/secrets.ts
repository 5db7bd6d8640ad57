import { hkdfSync } from 'node:crypto'
import type { Source } from './key-set.ts'
import type { Dated } from './rotation.ts'

/** The keys derived from one secret. Each serves one purpose and reveals nothing about the others (RFC 5869). */
export interface DerivedSecrets {
  /** The secret's id in the header of pending tokens, by which tokens of a former secret are recognized. */
  id: string
  /** HS256 key of pending tokens: 256 bits (RFC 7518 §3.2). */
  pendingKey: Buffer
  /** The server's half of the keys of code hashes: 256 bits. */
  pepper: Buffer
  /** The key of the number hashes in the ledger: 256 bits. */
  phoneKey: Buffer
  /** The key under which password attempts are counted: 256 bits. */
  attemptKey: Buffer
  /** The key from which successors of opaque tokens are derived: 256 bits. */
  successorKey: Buffer
  /** The key that signs proof-of-work challenges: 256 bits. */
  humanCheckKey: Buffer
}

/** Derives the keys of a secret. The labels affect stored and signed data: changing one ends every open challenge. */
export const deriveSecrets = (secret: string): DerivedSecrets => {
  const derive = (label: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', secret, '', `doorcode/${label}/v1`, bytes))
  return {
    id: derive('secret-id', 9).toString('base64url'),
    pendingKey: derive('pending-token', 32),
    pepper: derive('code-pepper', 32),
    phoneKey: derive('phone-hash', 32),
    attemptKey: derive('password-attempt', 32),
    successorKey: derive('token-successor', 32),
    humanCheckKey: derive('human-check', 32),
  }
}

/** The keys of one secret, and the time from which it may be active. */
export interface DatedSecrets extends DerivedSecrets, Dated {}

/** All secrets of a server. Each is accepted; the active one is used for new tokens and codes. */
export type Secrets = readonly [DatedSecrets, ...DatedSecrets[]]

/** A line of a secret file. */
export interface SecretLine extends Dated {
  secret: string
}

/** Shortest secret, in characters. */
const SECRET_MIN_LENGTH = 32

const DATED_LINE = /^(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?Z)?)[ \t]+(\S.*)$/

/**
 * Parses the secrets in a text, one a line, each alone or after the time (ISO 8601, UTC) from which it is active. A
 * text in which no line begins with a time is one secret, whatever its form. Throws an error that never shows a secret.
 */
export const parseSecrets = (text: string): [SecretLine, ...SecretLine[]] => {
  const whole = text.trim()
  const lines = whole.split(/\r?\n/).map((line) => line.trim())
  const found = lines.some((line) => DATED_LINE.test(line)) ? lines.filter(Boolean) : [whole]
  const [first, ...others] = found.map((line, position): SecretLine => {
    const [, date, secret = line] = DATED_LINE.exec(line) ?? []
    const fail = (what: string) => new Error(`${found.length > 1 ? `line ${position + 1} ` : ''}${what}`)
    if (secret.length < SECRET_MIN_LENGTH) throw fail(`has fewer than ${SECRET_MIN_LENGTH} characters`)
    if (new Set(secret).size < 8) throw fail('is not random')
    const from = date === undefined ? 0 : Date.parse(date) / 1000
    if (Number.isNaN(from)) throw fail('has an invalid date')
    return { secret, from }
  })
  if (new Set(found.map((line) => line.replace(DATED_LINE, '$2'))).size !== found.length) {
    throw new Error('has the same secret twice')
  }
  return [first!, ...others]
}

/**
 * Reads secrets: those of the first source with their times, and former ones from other sources, which are never
 * active.
 */
export const readSecrets = ([source, ...former]: readonly [Source, ...Source[]]): Secrets => {
  const parse = ({ name, text }: Source) => {
    try {
      return parseSecrets(text)
    } catch (error) {
      throw new Error(`${name} ${(error as Error).message}`)
    }
  }
  const ofSource = ({ secret, from }: SecretLine): DatedSecrets => ({ ...deriveSecrets(secret), from })
  const [first, ...others] = parse(source)
  const known = former.flatMap(parse).map(({ secret }) => ofSource({ secret, from: 0 }))
  return [ofSource(first), ...others.map(ofSource), ...known]
}
