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

/** Whose a file is, and who may read it. */
type Access = { mode: number; uid: number; gid: number }

/** Takes the place of a file only when it is written to the last byte; two at a time would lose one's work. */
const withDraft = (path: string, work: (write: (text: string, access?: Access) => void, draft: string) => void) => {
  const draft = join(dirname(path), `.${basename(path)}.draft`)
  let file: number
  try {
    file = openSync(draft, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`Somebody else is changing ${path}. If nobody is, remove ${draft} and try again.`)
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
 * Replaces what a file holds: whoever reads it finds all of the old text or all of the new. Owner and mode stay, for the
 * server that reads it may be another user. When `change` throws, nothing has happened.
 */
export const replaceFile = (named: string, change: (text: string) => string): void => {
  const path = realpathSync(named)
  withDraft(path, (write, draft) => {
    write(change(readTextFileSync(path)), statSync(path))
    renameSync(draft, path)
  })
}

/** Makes a file that appears whole, readable by its owner alone. Throws when it exists. */
export const makeFile = (path: string, text: string): void => {
  withDraft(path, (write, draft) => {
    write(text)
    linkSync(draft, path)
  })
}
