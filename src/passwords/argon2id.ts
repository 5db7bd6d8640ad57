import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import type { HashQueue } from '../core/hash-queue.ts'
import { normalizePassword } from '../core/password.ts'
import type { PasswordVerifier } from '../core/ports.ts'

/** OWASP's first choice: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

const CURRENT_PREFIX = /^\$argon2id\$v=19\$m=(?<m>\d+),t=(?<t>\d+),p=(?<p>\d+)\$/

const isWeaker = (phc: string): boolean => {
  const parameters = CURRENT_PREFIX.exec(phc)?.groups
  return !parameters || Number(parameters['m']) < PARAMETERS.memoryCost || Number(parameters['t']) < PARAMETERS.timeCost
}

/** A PHC string (`$argon2id$v=19$m=19456,t=2,p=1$…`) of the password, with a random 16-byte salt. */
export const hashPassword = (password: string): Promise<string> => hash(normalizePassword(password), PARAMETERS)

/** A verifier whose every call costs one hash with today's parameters, and waits in `queue` for its turn. */
export const createArgon2id = async (queue: HashQueue): Promise<PasswordVerifier> => {
  const decoy = await hashPassword(randomBytes(32).toString('base64'))
  return {
    hash: (password) => queue(() => hashPassword(password)),
    async verify(phc, password) {
      const normalized = normalizePassword(password)
      // A stored hash that cannot be read matches nothing, and costs what all others cost.
      const unreadable = () => verify(decoy, normalized).then(() => false)
      const matches = await queue(() => verify(phc ?? decoy, normalized).catch(unreadable))
      return matches && phc !== null
    },
    async upgrade(phc, password) {
      return isWeaker(phc) ? queue(() => hashPassword(password)) : undefined
    },
  }
}
