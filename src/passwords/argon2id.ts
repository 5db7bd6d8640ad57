import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { normalizePassword } from '../core/challenge/password.ts'
import type { HashQueue } from '../core/login/hash-queue.ts'
import type { PasswordVerifier } from '../core/login/ports.ts'

/** What a hash costs: memory in KiB, passes over it, lanes. */
export interface HashCost {
  memoryCost: number
  timeCost: number
  parallelism: number
}

/** OWASP's first choice: 19 MiB, two passes, one lane. */
const OWASP_COST: HashCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

const CURRENT_PREFIX = /^\$argon2id\$v=19\$m=(?<m>\d+),t=(?<t>\d+),p=(?<p>\d+)\$/

const isWeaker = (phc: string, { memoryCost, timeCost }: HashCost): boolean => {
  const found = CURRENT_PREFIX.exec(phc)?.groups
  return !found || Number(found['m']) < memoryCost || Number(found['t']) < timeCost
}

/** Returns a PHC string (`$argon2id$v=19$m=19456,t=2,p=1$…`) of the password, with a random 16-byte salt. */
export const hashPassword = (password: string, cost: HashCost = OWASP_COST): Promise<string> =>
  hash(normalizePassword(password), cost)

/** Creates a verifier whose every call costs one hash of `cost`, and waits in `queue` for its turn. */
export const createArgon2id = async (queue: HashQueue, cost: HashCost = OWASP_COST): Promise<PasswordVerifier> => {
  const decoy = await hashPassword(randomBytes(32).toString('base64'), cost)
  return {
    hash: (password) => queue(() => hashPassword(password, cost)),
    async verify(phc, password) {
      const normalized = normalizePassword(password)
      // A stored hash that cannot be read matches nothing, and costs what all others cost.
      const unreadable = () => verify(decoy, normalized).then(() => false)
      const matches = await queue(() => verify(phc ?? decoy, normalized).catch(unreadable))
      return matches && phc !== null
    },
    async upgrade(phc, password) {
      return isWeaker(phc, cost) ? queue(() => hashPassword(password, cost)) : undefined
    },
  }
}
