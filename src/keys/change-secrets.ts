import { readTextFileSync } from '../settings/text-file.ts'
import { makeSecret } from './key-files.ts'
import { makeFile, replaceFile } from './replace-file.ts'
import { findRetirable, type Listed } from './retirement.ts'
import { LONGEST_CHALLENGE, standings } from './rotation.ts'
import { deriveSecrets, parseSecrets, type SecretLine } from './secrets.ts'

/** A secret of a file, by its public id, and its standing. */
export interface ListedSecret extends Listed {
  from: number
}

const rows = (lines: readonly [SecretLine, ...SecretLine[]], now: number): ListedSecret[] => {
  const places = standings(lines, { now, longest: LONGEST_CHALLENGE })
  return lines.map(({ secret, from }, position) => ({
    id: deriveSecrets(secret).id,
    from,
    standing: places[position]!,
  }))
}

/**
 * Parses secrets as `parseSecrets` does. Refuses one secret of several lines, which could not be extended by a line.
 */
const parse = (text: string): [SecretLine, ...SecretLine[]] => {
  const lines = parseSecrets(text)
  if (lines.length === 1 && lines[0].secret.includes('\n')) {
    throw new Error('The file contains one secret of several lines. Replace it by means of SECRET_PREVIOUS_FILE.')
  }
  return lines
}

const format = (lines: readonly SecretLine[]): string =>
  lines
    .map(({ secret, from }) =>
      from === 0 ? secret : `${new Date(from * 1000).toISOString().replace('.000Z', 'Z')} ${secret}`,
    )
    .join('\n')
    .concat('\n')

/** Makes a secret whose id does not look like a command-line option. */
const makeNameable = (): string => {
  const secret = makeSecret()
  return deriveSecrets(secret).id.startsWith('-') ? makeNameable() : secret
}

/** Makes a file with one new secret, which is active at once, and returns its id. Throws when the file exists. */
export const makeSecretFile = (path: string): string => {
  const secret = makeNameable()
  makeFile(path, `${secret}\n`)
  return deriveSecrets(secret).id
}

/** Returns the secrets of a file, as the server would read them now. */
export const listSecrets = (path: string, now: number): ListedSecret[] =>
  rows(parseSecrets(readTextFileSync(path)), now)

/** Adds a secret that every instance knows at once and that becomes active after `delay` seconds. */
export const rotateSecret = (path: string, { now, delay }: { now: number; delay: number }): ListedSecret => {
  const made: SecretLine = { secret: makeNameable(), from: now + delay }
  replaceFile(path, (text) => {
    const lines = parse(text)
    // Of two secrets that start in the same second, the one listed first would stay active.
    for (const { from } of lines) if (from <= now) made.from = Math.max(made.from, from + 1)
    const waiting = rows(lines, now).find(({ standing, from }) => standing.state === 'next' && from <= made.from)
    if (waiting) throw new Error(`${waiting.id} already waits to become active. Nothing was changed.`)
    return format([...lines, made])
  })
  return { id: deriveSecrets(made.secret).id, from: made.from, standing: { state: 'next', from: made.from } }
}

/** Removes the secrets that `findRetirable` returns, and returns their ids. */
export const retireSecrets = (
  path: string,
  options: { now: number; id: string | undefined; force: boolean },
): string[] => {
  let gone: string[] = []
  replaceFile(path, (text) => {
    const lines = parse(text)
    const listed = rows(lines, options.now)
    gone = findRetirable(listed, options)
    const kept = lines.filter((_, position) => !gone.includes(listed[position]!.id))
    return gone.length === 0 ? text : format(kept)
  })
  return gone
}
