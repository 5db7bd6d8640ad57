/** How many letters must be changed, added, left out or swapped with their neighbour to make one word of another. */
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

/** More slips than this make another word. */
const MOST_SLIPS = 2

/** The word that was meant: of those that are at most two slips away the nearest, where it is long enough to tell. */
export const meant = (written: string, words: Iterable<string>): string | undefined => {
  const slips = Math.min(MOST_SLIPS, Math.floor(written.length / 4))
  return [...words]
    .map((word) => ({ word, slips: distance(written, word) }))
    .filter((one) => one.slips <= slips)
    .sort((one, other) => one.slips - other.slips)[0]?.word
}

/** A name of ours that can be told from other people's: of several words. */
const isTelling = (name: string): boolean => /^[A-Za-z]+_[A-Za-z_]+$/.test(name)

/** A setting that may be set: its name, an example of a value, and whether it also comes as `NAME_FILE`. */
export interface KnownSetting {
  name: string
  example: string
  inFile: boolean
  /** Whether the name in lower case is read too. */
  lowerCase?: boolean
}

/** Proxies of other protocols, which many machines have in their environment. */
const OTHER_PROXY = /^(?:all|ftp|rsync|socks|wss?)_proxy$/i

const namesOf = (settings: readonly KnownSetting[]) =>
  settings.flatMap(({ name, inFile }) => (inFile ? [name, `${name}_FILE`] : [name]))

const lowerCaseNamesOf = (settings: readonly KnownSetting[]) =>
  settings.flatMap(({ name, lowerCase }) => (lowerCase ? [name.toLowerCase()] : []))

/**
 * What in the environment looks like a slip of the pen in one of the settings in use, which would be ignored without a
 * word: each in a line with the right name. `others` are settings too, of what is not in use. Whoever sets the right one as
 * well means something else by the other.
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
    const isFile = plain !== written && isTelling(plain) && names.includes(plain)
    const right = isFile ? plain : names.includes(written.toUpperCase()) ? written.toUpperCase() : meant(written, names)
    if (right === undefined || env[right]?.trim()) return undefined
    const example = `For example: ${right}=${exampleOf(right)}`
    return isFile
      ? `${written} is read by nobody, for only secrets come from files: set ${right} itself. ${example}`
      : `${written} is no setting. Is ${right} meant? ${example}`
  }
  return Object.entries(env)
    .filter(([name, value]) => value?.trim() && isTelling(name) && !isOurs.has(name) && !OTHER_PROXY.test(name))
    .flatMap(([name]) => faultOf(name) ?? [])
}
