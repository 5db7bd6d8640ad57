import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { CACHE_FOLDER } from './cache-folder.ts'

/**
 * Keeps what Node compiles, so that the next start need not compile it again. Does nothing where this user cannot write
 * beside the packages, or where other users can: what is in the folder is run.
 */
export const keepCompiled = (): void => {
  const folder = join(CACHE_FOLDER, 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    // Windows has neither.
    const user = process.getuid?.()
    if (user !== undefined && (uid !== user || (mode & 0o022) !== 0)) return
    enableCompileCache(folder)
  } catch {
    // A start without it takes longer.
  }
}
