/** The severity of a finding. A `fault` must be fixed before production. */
export type Level = 'ok' | 'warning' | 'fault'

/** The result of one check. It never contains a secret. */
export interface Finding {
  level: Level
  /** The checked object: settings, a file or an address. */
  looked: string
  /** The finding, as a sentence. */
  found: string
  /** The action, as a sentence; undefined if none is needed. */
  todo?: string
}

/** Creates a finding for a correct setup. */
export const ok = (looked: string, found: string): Finding => ({ level: 'ok', looked, found })

/** Creates a finding that the operator should verify. */
export const warning = (looked: string, found: string, todo: string): Finding => ({
  level: 'warning',
  looked,
  found,
  todo,
})

/** Creates a finding that must be fixed before production. */
export const fault = (looked: string, found: string, todo: string): Finding => ({ level: 'fault', looked, found, todo })

/** A check of the checklist. */
export interface Check {
  /** A single word. */
  name: string
  /** Runs the check. An error that it throws is reported as a fault. */
  look(): Promise<Finding[]> | Finding[]
}

/** A finding with the name of its check. */
export interface Reported extends Finding {
  check: string
}

/** Runs the checks in order. An error in one check does not stop the others. */
export const runChecks = async (checks: readonly Check[]): Promise<Reported[]> => {
  const reported: Reported[] = []
  for (const { name, look } of checks) {
    try {
      for (const finding of await look()) reported.push({ check: name, ...finding })
    } catch (error) {
      const found = `The check failed: ${(error as Error).message}.`
      reported.push({ check: name, ...fault('the check itself', found, 'Fix the cause and run the doctor again.') })
    }
  }
  return reported
}
