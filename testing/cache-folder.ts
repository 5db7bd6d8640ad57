import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where things are kept that can be made again: it goes with the packages it was made by. */
export const CACHE_FOLDER = (() => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const packages = `${sep}node_modules${sep}`
  const at = here.lastIndexOf(packages)
  const home = at < 0 ? join(here, '..', 'node_modules') : here.slice(0, at + packages.length - 1)
  return join(home, '.cache', 'doorcode')
})()
