/** Returns the edit distance of two words: letters changed, added, removed or swapped with a neighbor. */
const distance = (one: string, other: string): number => {
  let before: number[] = []
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const isSame = one[i - 1] === other[j - 1]
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      next[j] = Math.min(
        row[j]! + 1,
        next[j - 1]! + 1,
        row[j - 1]! + (isSame ? 0 : 1),
        isSwap ? before[j - 2]! + 1 : 99,
      )
    }
    before = row
    row = next
  }
  return row[other.length]!
}

/** Words with a greater distance count as different words. */
const MAX_DISTANCE = 2

/** Finds the nearest word at an edit distance of at most two; less for short words. Returns undefined without a match. */
export const findNearestWord = (written: string, words: Iterable<string>): string | undefined => {
  const limit = Math.min(MAX_DISTANCE, Math.floor(written.length / 4))
  return [...words]
    .map((word) => ({ word, edits: distance(written, word) }))
    .filter((one) => one.edits <= limit)
    .sort((one, other) => one.edits - other.edits)[0]?.word
}

/** Returns true for a name of several words: shorter names may belong to other programs. */
const isDistinctive = (name: string): boolean => /^[A-Za-z]+_[A-Za-z_]+$/.test(name)

/** A known setting. `inFile` is true if it can also come from `NAME_FILE`. */
export interface KnownSetting {
  name: string
  example: string
  inFile: boolean
  /** True if the lower-case name is read too. */
  lowerCase?: boolean
}

/** Variables for proxies of other protocols, which many machines set. */
const OTHER_PROXY = /^(?:all|ftp|rsync|socks|wss?)_proxy$/i

const namesOf = (settings: readonly KnownSetting[]) =>
  settings.flatMap(({ name, inFile }) => (inFile ? [name, `${name}_FILE`] : [name]))

const lowerCaseNamesOf = (settings: readonly KnownSetting[]) =>
  settings.flatMap(({ name, lowerCase }) => (lowerCase ? [name.toLowerCase()] : []))

/**
 * Returns a fault with the correct name for each environment variable that looks like a misspelled setting, because the
 * server would silently ignore it. `others` are known settings of unused parts. A variable is not reported when the
 * correct setting is set too.
 */
export const settingTypos = (
  env: Readonly<Record<string, string | undefined>>,
  { inUse, others }: { inUse: readonly KnownSetting[]; others: readonly KnownSetting[] },
): string[] => {
  const names = namesOf(inUse)
  const isOurs = new Set([...names, ...namesOf(others), ...lowerCaseNamesOf(inUse)])
  const exampleOf = (name: string) =>
    inUse.find((setting) => setting.name === name)?.example ??
    `/run/secrets/${name.toLowerCase().replace(/_file$/, '')}`
  const faultOf = (written: string): string | undefined => {
    const plain = written.replace(/_FILE$/, '')
    const isFile = plain !== written && isDistinctive(plain) && names.includes(plain)
    const right = isFile
      ? plain
      : names.includes(written.toUpperCase())
        ? written.toUpperCase()
        : findNearestWord(written, names)
    if (right === undefined || env[right]?.trim()) return undefined
    const example = `For example: ${right}=${exampleOf(right)}`
    return isFile
      ? `${written} is ignored: only secrets can be read from files. Set ${right} itself. ${example}`
      : `${written} is not a setting. Did you mean ${right}? ${example}`
  }
  return Object.entries(env)
    .filter(([name, value]) => value?.trim() && isDistinctive(name) && !isOurs.has(name) && !OTHER_PROXY.test(name))
    .flatMap(([name]) => faultOf(name) ?? [])
}
