/** How grave something is: `fault` is what must not go into production. */
export type Level = 'ok' | 'warning' | 'fault'

/** What one look has found. Never holds a secret. */
export interface Finding {
  level: Level
  /** What was looked at: settings, a file, an address. */
  looked: string
  /** What was found there, as a sentence. */
  found: string
  /** What is to be done, as a sentence; undefined where nothing is. */
  todo?: string
}

/** Something that is as it should be. */
export const ok = (looked: string, found: string): Finding => ({ level: 'ok', looked, found })

/** Something that may be right, and of which somebody should make sure. */
export const warning = (looked: string, found: string, todo: string): Finding => ({
  level: 'warning',
  looked,
  found,
  todo,
})

/** Something that must be mended first. */
export const fault = (looked: string, found: string, todo: string): Finding => ({ level: 'fault', looked, found, todo })

/** One point of the checklist. */
export interface Check {
  /** One word. */
  name: string
  /** Looks, and says all that it has found. What it throws is a fault of its own. */
  look(): Promise<Finding[]> | Finding[]
}

/** A finding and the point it belongs to. */
export interface Reported extends Finding {
  check: string
}

/** Runs every check, one after the other, and none keeps another from being run. */
export const runChecks = async (checks: readonly Check[]): Promise<Reported[]> => {
  const reported: Reported[] = []
  for (const { name, look } of checks) {
    try {
      for (const finding of await look()) reported.push({ check: name, ...finding })
    } catch (error) {
      const found = `This could not be looked at: ${(error as Error).message}.`
      reported.push({ check: name, ...fault('the check itself', found, 'Mend that and run the doctor again.') })
    }
  }
  return reported
}
