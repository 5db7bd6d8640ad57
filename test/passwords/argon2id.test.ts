import { hash } from '@node-rs/argon2'
import t from 'tap'
import type { HashQueue } from '../../src/core/login/hash-queue.ts'
import { Problem } from '../../src/errors.ts'
import { createArgon2id, hashPassword } from '../../src/passwords/argon2id.ts'

const PASSWORD = 'correct horse battery staple'

/** Creates a verifier and a counter of the jobs in its queue. */
const create = async () => {
  let jobs = 0
  const queue: HashQueue = (job) => {
    jobs += 1
    return job()
  }
  return { passwords: await createArgon2id(queue), jobs: () => jobs }
}

t.test('a hash is a PHC string with m=19456, t=2, p=1 and a new salt', async (t) => {
  const [one, two] = [await hashPassword(PASSWORD), await hashPassword(PASSWORD)]
  t.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  t.not(one, two)
  t.notOk(one.includes(PASSWORD))
})

t.test('accepts the correct password and rejects any other', async (t) => {
  const { passwords } = await create()
  const phc = await hashPassword(PASSWORD)
  t.equal(await passwords.verify(phc, PASSWORD), true)
  for (const other of [`${PASSWORD} `, PASSWORD.toUpperCase(), PASSWORD.slice(0, -1), '', '\u0000']) {
    t.equal(await passwords.verify(phc, other), false, JSON.stringify(other))
  }
})

t.test('rejects every password without a stored hash, at the same cost of one hash', async (t) => {
  const { passwords, jobs } = await create()
  t.equal(await passwords.verify(null, PASSWORD), false)
  t.equal(jobs(), 1)
  t.equal(await passwords.verify(null, ''), false)
  t.equal(jobs(), 2)
  await passwords.verify(await hashPassword(PASSWORD), PASSWORD)
  t.equal(jobs(), 3, 'a correct password costs one hash')
  await passwords.verify(await hashPassword(PASSWORD), 'wrong')
  t.equal(jobs(), 4, 'a wrong password costs one hash')
})

t.test('composed and decomposed spellings match each other’s hash', async (t) => {
  const { passwords } = await create()
  const [composed, decomposed] = ['caf\u00E9 au lait', 'cafe\u0301 au lait']
  t.equal(await passwords.verify(await hashPassword(composed), decomposed), true)
  t.equal(await passwords.verify(await hashPassword(decomposed), composed), true)
})

t.test('distinguishes passwords that differ only after 72 bytes or after a NUL', async (t) => {
  const { passwords } = await create()
  for (const start of ['x'.repeat(72), 'é'.repeat(36), 'pass\u0000', 'x'.repeat(255)]) {
    const phc = await hashPassword(`${start}1`)
    t.equal(await passwords.verify(phc, `${start}1`), true)
    t.equal(await passwords.verify(phc, `${start}2`), false)
  }
})

t.test('verifies a hash with other parameters', async (t) => {
  const { passwords } = await create()
  const old = await hash(PASSWORD, { memoryCost: 1_024, timeCost: 1, parallelism: 1 })
  t.equal(await passwords.verify(old, PASSWORD), true)
  t.equal(await passwords.verify(old, 'wrong'), false)
})

t.test('upgrades hashes with weaker parameters in the queue, and the new hash verifies', async (t) => {
  const { passwords, jobs } = await create()
  const weaker = [
    await hash(PASSWORD, { memoryCost: 1_024, timeCost: 2 }),
    await hash(PASSWORD, { memoryCost: 19_456, timeCost: 1 }),
    await hash(PASSWORD, { memoryCost: 19_455, timeCost: 9 }),
    '$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
    '$argon2d$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
    '$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
    '$argon2id$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
    '$2b$12$not.a.real.bcrypt.hash',
  ]
  for (const [position, phc] of weaker.entries()) {
    const upgraded = await passwords.upgrade(phc, PASSWORD)
    t.match(upgraded, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/, phc.slice(0, 40))
    t.equal(jobs(), position + 1)
  }
  const upgraded = await passwords.upgrade(weaker[0]!, PASSWORD)
  t.equal(await passwords.verify(upgraded!, PASSWORD), true)
})

t.test('keeps hashes with the current or stronger parameters, without hashing', async (t) => {
  const { passwords, jobs } = await create()
  for (const parameters of ['m=19456,t=2,p=1', 'm=65536,t=2,p=1', 'm=19456,t=3,p=1', 'm=65536,t=3,p=4']) {
    t.equal(await passwords.upgrade(`$argon2id$v=19$${parameters}$c2FsdHNhbHQ$aGFzaA`, PASSWORD), undefined, parameters)
  }
  t.equal(jobs(), 0)
})

t.test('passes the overload error of a full queue to the caller', async (t) => {
  const passwords = await createArgon2id(() => Promise.reject(new Problem('overloaded', { retryAfter: 3 })))
  const phc = await hashPassword(PASSWORD)
  await t.rejects(passwords.verify(phc, PASSWORD), { code: 'overloaded', details: { retryAfter: 3 } })
  await t.rejects(passwords.verify(null, PASSWORD), { code: 'overloaded' })
})
