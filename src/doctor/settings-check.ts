import { type Finding, fault, ok } from './finding.ts'

/** Where a fault of the settings ends and the example of a right value begins. */
const EXAMPLE = / (?=For example: )/

/** The settings as production reads them, whatever `NODE_ENV` is here: every fault that would keep it from starting. */
export const checkSettings = ({ mode, faults }: { mode: string | undefined; faults: readonly string[] }): Finding[] => {
  const looked =
    mode === 'production' ? 'all settings' : `all settings, as if NODE_ENV=production (it is ${mode ?? 'not set'})`
  if (faults.length === 0) return [ok(looked, 'They are complete and right.')]
  return faults.map((line) => {
    const [found = line, todo = 'See the table of settings in README.md.'] = line.split(EXAMPLE)
    return fault(looked, found, todo)
  })
}
