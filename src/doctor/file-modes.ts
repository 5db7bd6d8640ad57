import { readFileSync, realpathSync, statSync } from 'node:fs'
import { type Finding, fault, ok, warning } from './finding.ts'

/** Who may do what with a file, as Unix has it. */
export interface FileMode {
  /** The nine bits. */
  mode: number
  /** Whether the file was handed into a container, where there are no other users: its folder outside protects it. */
  isHandedIn?: boolean
}

/** Reads who may do what with a file. Throws where it cannot be looked at. */
export const readMode = (path: string): FileMode => ({
  mode: statSync(path).mode & 0o777,
  isHandedIn: isHandedIn(realpathSync(path), readMounts()),
})

/** The table of mounts (proc_pid_mountinfo(5)); empty on machines that have none. */
const readMounts = (): string => {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}

/** Returns whether a file is a mount by itself, as containers get their secrets, or in a mount below /run/secrets. */
export const isHandedIn = (path: string, mounts: string): boolean =>
  mounts
    .split('\n')
    .map((line) => line.split(' ')[4])
    .some((point) => point === path || (point?.startsWith('/run/secrets') && path.startsWith(`${point}/`)))

const octal = (mode: number) => `0${mode.toString(8).padStart(3, '0')}`

/** Whether others than its owner can read or change a file with a secret in it. `looked` names the setting and the path. */
export const checkMode = (looked: string, path: string, { mode, isHandedIn }: FileMode): Finding => {
  const shown = `(mode ${octal(mode)})`
  if (mode & 0o022)
    return fault(
      looked,
      `Others can change this file ${shown}.`,
      `Run: chmod 600 ${path}; and look who has changed it.`,
    )
  if (mode & 0o044 && isHandedIn)
    return ok(looked, `It was handed in from outside, where its folder protects it ${shown}.`)
  if (mode & 0o044)
    return warning(
      looked,
      `Other users of this machine can read this file ${shown}.`,
      `Run: chmod 600 ${path}. Inside a container, where there are no others, look after the file outside.`,
    )
  return ok(looked, `Its owner alone can read it ${shown}.`)
}
