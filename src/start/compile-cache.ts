import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { CACHE_FOLDER } from './cache-folder.ts'

/**
 * Caches compiled code, so that the next start need not compile it again. Does nothing if this user cannot write beside the
 * packages, or if other users can write there: Node runs the code in the folder.
 */
export const keepCompiled = (): void => {
  const folder = join(CACHE_FOLDER, 'compiled')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { uid, mode } = statSync(folder)
    // Windows has neither user nor mode.
    const user = process.getuid?.()
    if (user !== undefined && (uid !== user || (mode & 0o022) !== 0)) return
    enableCompileCache(folder)
  } catch {
    // Without the cache a start only takes longer.
  }
}
