import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'

/** A source file: its path from the project's folder, and its text. */
export interface SourceFile {
  path: string
  text: string
}

/** Reads all TypeScript files below these folders. */
export const readSources = (...folders: string[]): SourceFile[] =>
  folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`))
    .map((path) => ({ path: path.split(sep).join('/'), text: readFileSync(path, 'utf8') }))

/** Returns the paths of the project's own files that a file imports, statically or dynamically. */
export const importsOf = ({ path, text }: SourceFile): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport\(|\bimport) ?'(\.[^']+)'/g)].map(([, target]) =>
    normalize(join(dirname(path), target!))
      .split(sep)
      .join('/'),
  )

/** Returns each cycle in the graph as the list of keys that reach one another. */
export const cyclesIn = (arrows: ReadonlyMap<string, ReadonlySet<string>>): string[][] => {
  const reachedFrom = (start: string): Set<string> => {
    const reached = new Set<string>()
    const next = [...(arrows.get(start) ?? [])]
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      if (reached.has(at)) continue
      reached.add(at)
      next.push(...(arrows.get(at) ?? []))
    }
    return reached
  }
  const reach = new Map([...arrows.keys()].map((key) => [key, reachedFrom(key)]))
  const cycles = [...reach].flatMap(([key, reached]) =>
    reached.has(key) ? [[...reached].filter((other) => reach.get(other)?.has(key)).sort()] : [],
  )
  return [...new Map(cycles.map((cycle) => [cycle.join(), cycle])).values()]
}
