import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readTextFileSync } from '../settings/text-file.ts'

/** The owner and mode of a file. */
type Access = { mode: number; uid: number; gid: number }

/**
 * Runs `work` with a draft file, which replaces a file only when complete. The draft also locks out parallel changes.
 */
const withDraft = (path: string, work: (write: (text: string, access?: Access) => void, draft: string) => void) => {
  const draft = join(dirname(path), `.${basename(path)}.draft`)
  let file: number
  try {
    file = openSync(draft, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`Another process is changing ${path}. If none is, remove ${draft} and try again.`)
  }
  try {
    const write = (text: string, access?: Access) => {
      writeFileSync(file, text)
      if (access) {
        fchownSync(file, access.uid, access.gid)
        fchmodSync(file, access.mode & 0o777)
      }
      fsyncSync(file)
    }
    work(write, draft)
  } finally {
    closeSync(file)
    rmSync(draft, { force: true })
  }
}

/**
 * Replaces the text of a file atomically: readers see the old or the new text, never a part. Owner and mode stay,
 * because the server may run as another user. When `change` throws, the file is unchanged.
 */
export const replaceFile = (named: string, change: (text: string) => string): void => {
  const path = realpathSync(named)
  withDraft(path, (write, draft) => {
    write(change(readTextFileSync(path)), statSync(path))
    renameSync(draft, path)
  })
}

/** Makes a file atomically, readable by its owner only. Throws when it exists. */
export const makeFile = (path: string, text: string): void => {
  withDraft(path, (write, draft) => {
    write(text)
    linkSync(draft, path)
  })
}
