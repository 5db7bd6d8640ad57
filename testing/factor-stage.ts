import { createHmac, randomBytes } from 'node:crypto'
import type { BeginRequest, Begun, Factor } from '../src/core/challenge/factor.ts'
import type { Enrollment } from '../src/core/terms.ts'

/** A factor under test. */
export interface FactorSubject {
  factor: Factor
  /** Canonical destination of its messages; null for a factor without messages. */
  destination: string | null
  /** Stored data of the user for this factor. */
  enrollment: Enrollment
  /** Returns the input of the user, such as the code in the message or on a device. */
  typed: (begun: Begun, enrollment: Enrollment) => string | Promise<string>
}

/** Opens a challenge of the factor with a new key. Returns the challenge and a function that answers it. */
export const openChallenge = async (
  { factor, destination, enrollment }: FactorSubject,
  changes: Partial<BeginRequest> = {},
) => {
  const key = randomBytes(32)
  const hash = (answer: string) => createHmac('sha256', key).update(answer).digest()
  const request = { hash, enrollment: async () => enrollment }
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
