import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { hashCode } from '../../src/core/code.ts'
import { deriveSecrets } from '../../src/keys/secrets.ts'
import { createWorld, PASSWORD } from '../support/app.ts'

const TABLES = ['users', 'factors', 'challenges', 'sends']

t.test('a dump holds no code, no password and no token in clear', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const clientKey = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).key as string
  const rows = await Promise.all(
    TABLES.map((table) => world.sql(`select row_to_json(${table})::text as row from ${table}`)),
  )
  const dump = rows
    .flat()
    .map(({ row }) => String(row))
    .join('\n')
  for (const [name, secret] of [
    ['password', PASSWORD],
    ['token', token],
    ['client key', clientKey],
  ]) {
    t.notOk(dump.includes(secret), name)
  }
  const withoutIds = dump.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\\\\x[0-9a-f]+|\d\d:\d\d:\d\d\.\d+/g, '')
  t.notOk(withoutIds.includes(code), 'code')
})

t.test('a dump with the server’s secret does not give away a live code', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const [row] = await world.sql(
    'select challenge_id, purpose, user_id, encode(code_hash, $1) as hash from challenges',
    ['hex'],
  )
  const { challenge_id: challengeId, hash } = row as { challenge_id: string; hash: string }
  const { pepper } = deriveSecrets('only for tests: not a secret at all')
  const challenge = { challengeId, purpose: 'login' as const }

  // The thief has everything but the client's half; whatever is put in its place, no code of all gives the hash.
  let found = 0
  const candidatesFor = (guess: string) => [
    createHash('sha256').update(guess).digest('hex'),
    createHmac('sha256', '').update(guess).digest('hex'),
    createHmac('sha256', pepper).update(guess).digest('hex'),
  ]
  for (let number = 0; number < 1_000_000; number += 1) {
    const guess = String(number).padStart(6, '0')
    if (createHmac('sha256', pepper).update(`${challengeId}|login||${guess}`).digest('hex') === hash) found += 1
  }
  // What would need no secret at all is tried with the code that is right.
  if (candidatesFor(code).includes(hash)) found += 1
  t.equal(found, 0)

  const clientKey = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).key as string
  t.equal(hashCode(pepper, challenge, clientKey, code).toString('hex'), hash, 'with the client’s half it does')
})
