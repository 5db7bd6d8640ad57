import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of caches, in `node_modules`, so that it is removed with the packages. */
export const CACHE_FOLDER = (() => {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const packages = `${sep}node_modules${sep}`
  const at = here.lastIndexOf(packages)
  const home = at < 0 ? join(here, '..', '..', 'node_modules') : here.slice(0, at + packages.length - 1)
  return join(home, '.cache', 'doorcode')
})()
