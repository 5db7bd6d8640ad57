import { readFileSync, realpathSync, statSync } from 'node:fs'
import { type Finding, fault, ok, warning } from './finding.ts'

/** The permissions of a file. */
export interface FileMode {
  /** The nine permission bits. */
  mode: number
  /** True if the file is mounted into a container, where its folder on the host protects it. */
  isHandedIn?: boolean
}

/** Reads the permissions of a file. Throws if it cannot be read. */
export const readMode = (path: string): FileMode => ({
  mode: statSync(path).mode & 0o777,
  isHandedIn: isHandedIn(realpathSync(path), readMounts()),
})

/** Reads the table of mounts (proc_pid_mountinfo(5)); empty on systems without it. */
const readMounts = (): string => {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}

/** Returns true if a file is itself a mount, as secrets of containers are, or in a mount below /run/secrets. */
export const isHandedIn = (path: string, mounts: string): boolean =>
  mounts
    .split('\n')
    .map((line) => line.split(' ')[4])
    .some((point) => point === path || (point?.startsWith('/run/secrets') && path.startsWith(`${point}/`)))

const octal = (mode: number) => `0${mode.toString(8).padStart(3, '0')}`

/** Checks that only the owner can read and change a file with a secret. `looked` names the setting and the path. */
export const checkMode = (looked: string, path: string, { mode, isHandedIn }: FileMode): Finding => {
  const shown = `(mode ${octal(mode)})`
  if (mode & 0o022)
    return fault(
      looked,
      `Other users can change this file ${shown}.`,
      `Run: chmod 600 ${path}; and check who changed it.`,
    )
  if (mode & 0o044 && isHandedIn)
    return ok(looked, `The file is mounted into the container; its folder on the host protects it ${shown}.`)
  if (mode & 0o044)
    return warning(
      looked,
      `Other users of this machine can read this file ${shown}.`,
      `Run: chmod 600 ${path}. In a container, protect the file on the host.`,
    )
  return ok(looked, `Only its owner can read it ${shown}.`)
}
