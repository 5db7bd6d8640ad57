import { createHash, createHmac, randomUUID } from 'node:crypto'
import t from 'tap'
import { hashCode } from '../../src/core/challenge/code.ts'
import { deriveSecrets } from '../../src/keys/secrets.ts'
import { rounds } from '../run/rounds.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

/** Returns every row of every table as text. */
const dumpOf = async ({ sql, ledger, audit }: World): Promise<string> => {
  await ledger.drain()
  await audit.drain()
  const tables = await sql(`select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`)
  const rows = await Promise.all(tables.map(({ name }) => sql(`select t::text as row from ${name} t`)))
  return rows
    .flat()
    .map(({ row }) => String(row))
    .join('\n')
}

/** Leaves every trace of a login in the database: a key, a wrong password, a wrong code, an open challenge. */
const logIn = async (world: World) => {
  await world.addUser('alice')
  await world.login('alice', 'a wrong password')
  const key = randomUUID()
  const { body } = await world.post('/login', { username: 'alice', password: PASSWORD }, { 'idempotency-key': key })
  const token: string = body.pending_token
  const code = world.lastCode()
  await world.verify(token, String((Number(code) + 1) % 1_000_000).padStart(6, '0'))
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { key: string; jti: string }
  return { key, token, code, clientKey: claims.key, challengeId: claims.jti }
}

t.test('a dump has no plaintext code, password, token or key, and only the number of the factor', async (t) => {
  const world = await createWorld(t)
  const { key, token, code, clientKey } = await logIn(world)
  const dump = await dumpOf(world)
  const secrets = { password: PASSWORD, 'wrong password': 'a wrong password', token, 'client key': clientKey, key }
  for (const [name, secret] of Object.entries(secrets)) t.notOk(dump.includes(secret), name)
  const withoutIds = dump.replaceAll(
    /[0-9a-f]{8}-[0-9a-f-]{27}|\\+x[0-9a-f]+|\d\d:\d\d:\d\d\.\d+|\(?\d+,"\d{4}-[^"]*"/g,
    '',
  )
  t.notOk(withoutIds.includes(code), 'code')
  t.equal(dump.split('+12025550143').length - 1, 1, 'the number appears once, in its factor')
})

/** The number of codes to try, from the correct one on. */
const GUESSES = rounds({ quick: 5_000, all: 1_000_000 })

t.test('a dump and the server’s secret do not reveal an open code', async (t) => {
  const world = await createWorld(t)
  const { clientKey, code, challengeId } = await logIn(world)
  const { pepper, phoneKey, attemptKey } = deriveSecrets('only for tests: not a secret at all')
  const dump = await dumpOf(world)
  const stored = new Set([...dump.matchAll(/\\+x([0-9a-f]{64})/g)].map(([, hash]) => hash))
  t.ok(stored.size >= 4, 'the search covers every stored hash')

  // The attacker has everything but the client's half, and tries hashes without it.
  const waysTo = (guess: string) => [
    createHash('sha256').update(guess).digest('hex'),
    createHmac('sha256', pepper).update(guess).digest('hex'),
    createHmac('sha256', pepper).update(`${challengeId}|login||${guess}`).digest('hex'),
  ]
  let found = 0
  for (let nth = 0; nth < GUESSES; nth += 1) {
    const guess = String((Number(code) + nth) % 1_000_000).padStart(6, '0')
    for (const hash of waysTo(guess)) if (stored.has(hash)) found += 1
  }
  // Slower combinations are tried only with the correct code.
  for (const secret of ['', phoneKey, attemptKey, challengeId, ...stored].filter((one) => one !== undefined)) {
    for (const text of [code, `${challengeId}${code}`, `${challengeId}|login|${code}`]) {
      if (stored.has(createHmac('sha256', secret).update(text).digest('hex'))) found += 1
    }
  }
  t.equal(found, 0)

  const right = hashCode(pepper, { challengeId, purpose: 'login' }, clientKey, code).toString('hex')
  t.ok(stored.has(right), 'with the client’s half, the search finds the hash')
})
