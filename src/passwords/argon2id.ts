import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { normalizePassword } from '../core/challenge/password.ts'
import type { HashQueue } from '../core/login/hash-queue.ts'
import type { PasswordVerifier } from '../core/login/ports.ts'

/** The cost of a hash: memory in KiB, passes, lanes. */
export interface HashCost {
  memoryCost: number
  timeCost: number
  parallelism: number
}

/** The first choice of OWASP: 19 MiB, two passes, one lane. */
const OWASP_COST: HashCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

const CURRENT_PREFIX = /^\$argon2id\$v=19\$m=(?<m>\d+),t=(?<t>\d+),p=(?<p>\d+)\$/

const isWeaker = (phc: string, { memoryCost, timeCost }: HashCost): boolean => {
  const found = CURRENT_PREFIX.exec(phc)?.groups
  return !found || Number(found['m']) < memoryCost || Number(found['t']) < timeCost
}

/** Returns a PHC string (`$argon2id$v=19$m=19456,t=2,p=1$…`) of the password, with a random 16-byte salt. */
export const hashPassword = (password: string, cost: HashCost = OWASP_COST): Promise<string> =>
  hash(normalizePassword(password), cost)

/** Makes a verifier. Each call costs one hash of `cost` and waits for its turn in `queue`. */
export const createArgon2id = async (queue: HashQueue, cost: HashCost = OWASP_COST): Promise<PasswordVerifier> => {
  const decoy = await hashPassword(randomBytes(32).toString('base64'), cost)
  return {
    hash: (password) => queue(() => hashPassword(password, cost)),
    async verify(phc, password) {
      const normalized = normalizePassword(password)
      // An unreadable stored hash matches nothing, and costs the same time as others.
      const unreadable = () => verify(decoy, normalized).then(() => false)
      const matches = await queue(() => verify(phc ?? decoy, normalized).catch(unreadable))
      return matches && phc !== null
    },
    async upgrade(phc, password) {
      return isWeaker(phc, cost) ? queue(() => hashPassword(password, cost)) : undefined
    },
  }
}
