import { createHmac, randomBytes } from 'node:crypto'
import type { BeginRequest, Begun, Factor } from '../src/core/challenge/factor.ts'
import type { Enrolment } from '../src/core/terms.ts'

/** How the contract reaches one factor. */
export interface FactorSubject {
  factor: Factor
  /** Where its messages go, in its one spelling; null for a factor that sends nothing. */
  destination: string | null
  /** What it keeps of the user. */
  enrolment: Enrolment
  /** Returns what the user types: read from the message, shown by a device, looked up. */
  typed: (begun: Begun, enrolment: Enrolment) => string | Promise<string>
}

/** Opens a challenge of the factor under a key of its own; returns it with the function that answers it. */
export const openChallenge = async (
  { factor, destination, enrolment }: FactorSubject,
  changes: Partial<BeginRequest> = {},
) => {
  const key = randomBytes(32)
  const hash = (answer: string) => createHmac('sha256', key).update(answer).digest()
  const request = { hash, enrolment: async () => enrolment }
  const begun = await factor.begin({
    ...request,
    destination,
    channel: undefined,
    formerChannel: undefined,
    failed: [],
    locale: null,
    acceptLanguage: undefined,
    client: undefined,
    ...changes,
  })
  return { begun, answer: (code: string) => factor.answer({ ...request, code }) }
}
