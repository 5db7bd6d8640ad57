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
import { type Listed, mayGo } from './retirement.ts'
import { LONGEST_TOKEN, type Standing, standings } from './rotation.ts'

/** A key of a file and where it stands among those of its algorithm. */
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

/** The keys of a file, or of all in a folder, as the server finds them at this moment. Throws where it would refuse them. */
export const listKeys = async (path: string, now: number): Promise<ListedKey[]> => rows(await readKeySources(path), now)

const format = (set: object): string => `${JSON.stringify(set, null, 2)}\n`

/**
 * Adds a key that is published at once and signs after `delay` seconds: to the file, or as a file of its own to a folder.
 * Its algorithm is that of the key in force unless it is named. Throws while another key waits for its turn, unless the
 * new one's comes sooner.
 */
export const rotateKeys = async (
  path: string,
  { now, delay, alg }: { now: number; delay: number; alg: KeyAlgorithm | undefined },
): Promise<{ kid: string; alg: KeyAlgorithm; from: number; former: string | undefined }> => {
  const add = (keys: readonly ListedKey[]) => {
    const serving = keys.filter(({ standing }) => standing.state === 'in force').sort((a, b) => b.from - a.from)
    // Of two that begin in the same second the first listed would go on signing.
    const from = Math.max(now + delay, serving[0]!.from + 1)
    const wanted = alg ?? serving[0]!.alg
    const waiting = keys.find((key) => key.alg === wanted && key.standing.state === 'next' && key.from <= from)
    if (waiting) throw new Error(`${waiting.id} waits for its turn already. Nothing was changed.`)
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

/** Removes keys, as `mayGo` allows, and returns their ids. In a folder a file that held nothing else goes with them. */
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
    const gone = mayGo(rows(sources, options.now), options)
    for (const { name, text } of sources) {
      if (!readEveryKey([{ name, text }]).some(({ kid }) => gone.includes(kid))) continue
      if (without(gone, text).keys.length === 0) rmSync(join(path, name))
      else replaceFile(join(path, name), (now) => format(without(gone, now)))
    }
    return gone
  }
  let gone: string[] = []
  replaceFile(path, (text) => {
    gone = mayGo(rows([{ name: path, text }], options.now), options)
    return gone.length === 0 ? text : format(without(gone, text))
  })
  return gone
}
