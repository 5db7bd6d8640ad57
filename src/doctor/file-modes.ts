import { type Finding, fault, ok, warning } from './finding.ts'

/** Who may do what with a file, as Unix has it. */
export interface FileMode {
  /** The nine bits. */
  mode: number
}

const octal = (mode: number) => `0${mode.toString(8).padStart(3, '0')}`

/** Whether others than its owner can read or change a file with a secret in it. `looked` names the setting and the path. */
export const checkMode = (looked: string, path: string, { mode }: FileMode): Finding => {
  const shown = `(mode ${octal(mode)})`
  if (mode & 0o022)
    return fault(
      looked,
      `Others can change this file ${shown}.`,
      `Run: chmod 600 ${path}; and look who has changed it.`,
    )
  if (mode & 0o044)
    return warning(
      looked,
      `Other users of this machine can read this file ${shown}.`,
      `Run: chmod 600 ${path}. Inside a container, where there are no others, look after the file outside.`,
    )
  return ok(looked, `Its owner alone can read it ${shown}.`)
}
