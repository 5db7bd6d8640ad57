import { type Finding, fault, ok } from './finding.ts'

/** Separates the fault of a setting from the example of a valid value. */
const EXAMPLE = / (?=For example: )/

/** Reports every fault that prevents a start in production, whatever `NODE_ENV` is here. */
export const checkSettings = ({ mode, faults }: { mode: string | undefined; faults: readonly string[] }): Finding[] => {
  const looked =
    mode === 'production' ? 'all settings' : `all settings, as if NODE_ENV=production (it is ${mode ?? 'not set'})`
  if (faults.length === 0) return [ok(looked, 'All settings are complete and valid.')]
  return faults.map((line) => {
    const [found = line, todo = 'See docs/settings.md.'] = line.split(EXAMPLE)
    return fault(looked, found, todo)
  })
}
