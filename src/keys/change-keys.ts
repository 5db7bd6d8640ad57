import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readKeySources } from './key-files.ts'
import {
  generateKeySet,
  type KeyAlgorithm,
  type KeySet,
  readEveryKey,
  type SigningKey,
  type Source,
} from './key-set.ts'
import { makeFile, replaceFile } from './replace-file.ts'
import { findRetirable, type Listed } from './retirement.ts'
import { LONGEST_TOKEN, type Standing, standings } from './rotation.ts'

/** A key of a file, and its standing among the keys of its algorithm. */
export interface ListedKey extends Listed {
  alg: KeyAlgorithm
  from: number
}

const rows = (sources: readonly Source[], now: number): ListedKey[] => {
  const keys = readEveryKey(sources)
  const standingOf = new Map<string, Standing>()
  for (const alg of new Set(keys.map((key) => key.alg))) {
    const [first, ...others] = keys.filter((key) => key.alg === alg)
    const family: [SigningKey, ...SigningKey[]] = [first!, ...others]
    for (const [position, standing] of standings(family, { now, longest: LONGEST_TOKEN }).entries()) {
      standingOf.set(family[position]!.kid, standing)
    }
  }
  return keys.map(({ kid, alg, from }) => ({ id: kid, alg, from, standing: standingOf.get(kid)! }))
}

/**
 * Returns the keys of a file or folder, as the server would read them now. Throws where the server would refuse them.
 */
export const listKeys = async (path: string, now: number): Promise<ListedKey[]> => rows(await readKeySources(path), now)

const format = (set: object): string => `${JSON.stringify(set, null, 2)}\n`

/**
 * Adds a key that is published at once and signs after `delay` seconds: to the file, or to a folder as a separate file.
 * Its algorithm is that of the active key unless given. Throws while another key waits to become active, unless the new
 * key starts sooner.
 */
export const rotateKeys = async (
  path: string,
  { now, delay, alg }: { now: number; delay: number; alg: KeyAlgorithm | undefined },
): Promise<{ kid: string; alg: KeyAlgorithm; from: number; former: string | undefined }> => {
  const add = (keys: readonly ListedKey[]) => {
    const serving = keys.filter(({ standing }) => standing.state === 'in force').sort((a, b) => b.from - a.from)
    // Of two keys that start in the same second, the one listed first would go on signing.
    const from = Math.max(now + delay, serving[0]!.from + 1)
    const wanted = alg ?? serving[0]!.alg
    const waiting = keys.find((key) => key.alg === wanted && key.standing.state === 'next' && key.from <= from)
    if (waiting) throw new Error(`${waiting.id} already waits to become active. Nothing was changed.`)
    return {
      made: generateKeySet(wanted, { iat: now, nbf: from }).keys[0]!,
      from,
      former: serving.find((key) => key.alg === wanted)?.id,
    }
  }
  if (statSync(path).isDirectory()) {
    const { made, from, former } = add(await listKeys(path, now))
    makeFile(join(path, `${made.kid}.json`), format({ keys: [made] }))
    return { kid: made.kid, alg: made.alg, from, former }
  }
  let added: ReturnType<typeof add> | undefined
  replaceFile(path, (text) => {
    added = add(rows([{ name: path, text }], now))
    const set = JSON.parse(text) as KeySet
    return format({ ...set, keys: [...set.keys, added.made] })
  })
  const { made, from, former } = added!
  return { kid: made.kid, alg: made.alg, from, former }
}

/**
 * Removes the keys that `findRetirable` returns, and returns their ids. In a folder, a file left without keys is
 * deleted.
 */
export const retireKeys = async (
  path: string,
  options: { now: number; id: string | undefined; force: boolean },
): Promise<string[]> => {
  const without = (gone: string[], text: string): KeySet => {
    const set = JSON.parse(text) as KeySet
    return { ...set, keys: set.keys.filter(({ kid }) => !gone.includes(kid)) }
  }
  if (statSync(path).isDirectory()) {
    const sources = await readKeySources(path)
    const gone = findRetirable(rows(sources, options.now), options)
    for (const { name, text } of sources) {
      if (!readEveryKey([{ name, text }]).some(({ kid }) => gone.includes(kid))) continue
      if (without(gone, text).keys.length === 0) rmSync(join(path, name))
      else replaceFile(join(path, name), (now) => format(without(gone, now)))
    }
    return gone
  }
  let gone: string[] = []
  replaceFile(path, (text) => {
    gone = findRetirable(rows([{ name: path, text }], options.now), options)
    return gone.length === 0 ? text : format(without(gone, text))
  })
  return gone
}
