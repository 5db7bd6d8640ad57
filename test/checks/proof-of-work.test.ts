import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { createProofOfWork, type ProofOfWorkOptions, proofOfWork } from '../../src/guard/human-checks/proof-of-work.ts'
import { countZeroBits, solveProofOfWork } from '../../src/guard/human-checks/solve-proof-of-work.ts'
import { CONTEXT, createMemoryNonces, GARBAGE, testHumanCheck } from '../contracts/human-check.ts'

const KEY = Buffer.alloc(32, 7)
const START = Date.UTC(2026, 0, 1)

interface Challenge {
  kind: string
  nonce: string
  bits: number
  expires_in: number
}

/** Creates a check of 8 bits with a manual clock. */
const start = (changes: Partial<ProofOfWorkOptions> = {}) => {
  const clock = { now: START }
  const nonces = createMemoryNonces()
  const check = createProofOfWork({ key: KEY, nonces, now: () => clock.now, bits: 8, ...changes })
  const challenge = () => check.challenge() as unknown as Challenge
  const verify = (answer: string) => check.verify(answer, CONTEXT)
  return { check, clock, nonces, challenge, verify }
}

testHumanCheck(t, {
  definition: proofOfWork,
  secrets: [KEY.toString(), KEY.toString('hex'), KEY.toString('base64')],
  start: async () => {
    const { check, challenge, nonces } = start()
    return {
      check,
      solve: () => solveProofOfWork(challenge()),
      silence: async () => {
        nonces.use = async () => {
          throw new Error('no database')
        }
      },
      close: async () => {},
    }
  },
})

t.test('each challenge is different and states its kind, bits and expiry', async (t) => {
  const { challenge } = start()
  const { nonce, ...rest } = challenge()
  t.same(rest, { kind: 'proof-of-work', bits: 8, expires_in: 120 })
  const [, expiry, bits] = /^[\w-]{16}\.([0-9a-z]+)\.(\d+)\.[\w-]{22}$/.exec(nonce)!
  t.equal(Number.parseInt(expiry!, 36), START / 1_000 + 120)
  t.equal(bits, '8')
  t.not(challenge().nonce, nonce)
})

t.test('requires 18 bits by default', async (t) => {
  const check = await proofOfWork.create(
    {},
    {
      key: KEY,
      nonces: createMemoryNonces(),
      now: Date.now,
      transport: () => Promise.reject(new Error('no provider')),
    },
  )
  const challenge = check.challenge() as unknown as Challenge
  t.equal(challenge.bits, 18)
  const answer = solveProofOfWork(challenge)
  t.match(answer.slice(challenge.nonce.length), /^:[\w-]{1,32}$/)
  t.match(createHash('sha256').update(answer).digest('hex'), /^0000[0-3]/)
  t.equal(await check.verify(answer, CONTEXT), 'passed')
})

t.test('an answer is valid for 120 s', async (t) => {
  const { clock, challenge, verify } = start()
  const answers = Array.from({ length: 2 }, () => solveProofOfWork(challenge()))
  clock.now = START + 119_999
  t.equal(await verify(answers[0]!), 'passed')
  clock.now = START + 120_000
  t.equal(await verify(answers[1]!), 'failed')
  const delayed = start()
  delayed.clock.now = START + 1
  const answer = solveProofOfWork(delayed.challenge())
  delayed.clock.now = START + 120_000
  t.equal(await delayed.verify(answer), 'passed', 'a started second counts in full')
})

t.test('rejects a changed nonce and a nonce of another key', async (t) => {
  const { challenge, verify } = start()
  const { nonce, bits } = challenge()
  for (let at = 0; at < nonce.length; at += 1) {
    const other = nonce[at] === 'A' ? 'B' : 'A'
    const forged = nonce.slice(0, at) + other + nonce.slice(at + 1)
    t.equal(await verify(solveProofOfWork({ nonce: forged, bits })), 'failed', `character ${at}`)
  }
  const easier = nonce.replace('.8.', '.0.')
  t.equal(await verify(`${easier}:0`), 'failed', 'a nonce changed to less work')
  const elsewhere = start({ key: Buffer.alloc(32, 8) })
  t.equal(await elsewhere.verify(solveProofOfWork({ nonce, bits })), 'failed')
})

t.test('rejects other base64url texts of the same MAC', async (t) => {
  const { challenge, verify } = start()
  const { nonce, bits } = challenge()
  const mac = nonce.slice(-22)
  const sameBytes = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
    .map((last) => mac.slice(0, -1) + last)
    .filter((text) => text !== mac && Buffer.from(text, 'base64url').equals(Buffer.from(mac, 'base64url')))
  t.ok(sameBytes.length > 0, 'there are such texts')
  for (const text of sameBytes) {
    t.equal(await verify(solveProofOfWork({ nonce: nonce.slice(0, -22) + text, bits })), 'failed', text)
  }
  t.equal(await verify(solveProofOfWork({ nonce, bits })), 'passed')
})

t.test('requires the work, in a solution of 1 to 32 letters, digits, hyphens and underscores', async (t) => {
  const { challenge, verify } = start({ bits: 6 })
  /** Returns an answer with exactly this many zero bits. */
  const solve = (nonce: string, bits: number, solutionOf: (nth: number) => string): string => {
    for (let nth = 0; ; nth += 1) {
      const answer = `${nonce}:${solutionOf(nth)}`
      if (countZeroBits(answer) === bits) return answer
    }
  }
  const { nonce } = challenge()
  t.equal(await verify(solve(nonce, 5, String)), 'failed', 'one bit too few')
  t.equal(await verify(solve(nonce, 6, (nth) => String(nth).padStart(33, '0'))), 'failed', 'too long')
  for (const odd of ['+', ' ', '=', ':', '.', 'é', '\n']) {
    t.equal(await verify(solve(nonce, 6, (nth) => nth + odd)), 'failed', JSON.stringify(odd))
  }
  t.equal(await verify(`${nonce}:`), 'failed', 'empty')
  t.equal(await verify(solve(nonce, 6, (nth) => String(nth).padStart(32, '-_'))), 'passed', 'the longest solution')
  t.equal(await verify(solve(challenge().nonce, 8, String)), 'passed', 'more than required')
})

t.test('any instance accepts an answer once and remembers it for longer than it is valid', async (t) => {
  const here = start()
  const there = start({ nonces: here.nonces })
  const answer = solveProofOfWork(here.challenge())
  t.equal(await there.verify(answer), 'passed')
  t.equal(await here.verify(answer), 'failed')
  t.same([...here.nonces.used.values()], [240])
})

t.test('queries the store only for correct answers', async (t) => {
  const { clock, nonces, challenge, verify } = start()
  nonces.use = () => t.fail('the store was queried') as never
  const { nonce, bits } = challenge()
  for (const answer of GARBAGE) t.equal(await verify(answer), 'failed')
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      t.equal(await verify(text), 'failed')
      t.equal(await verify(`${nonce}${text.slice(1)}:${text}!`), 'failed')
    }),
    { numRuns: 200 },
  )
  clock.now += 120_000
  t.equal(await verify(solveProofOfWork({ nonce, bits })), 'failed', 'late')
})

t.test('requires one bit more from 60 challenges a minute and with each doubling, 4 at most', async (t) => {
  const { clock, challenge } = start({ bits: 18 })
  const asked = Array.from({ length: 1_000 }, () => challenge().bits)
  for (const [nth, bits] of [
    [0, 18],
    [59, 18],
    [60, 19],
    [119, 19],
    [120, 20],
    [239, 20],
    [240, 21],
    [479, 21],
    [480, 22],
    [999, 22],
  ]) {
    t.equal(asked[nth!], bits, `after ${nth}`)
  }
  clock.now += 59_999
  t.equal(challenge().bits, 22)
  clock.now += 1
  t.equal(challenge().bits, 18, 'back to normal after a quiet minute')
})

t.test('refuses challenges that would take years', async (t) => {
  for (const bits of [29, 64, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => solveProofOfWork({ nonce: 'x', bits }), RangeError, `${bits}`)
  }
})

t.test('the script in docs/human-checks.md solves a challenge', async (t) => {
  const page = readFileSync(new URL('../../docs/human-checks.md', import.meta.url), 'utf8')
  const [, snippet] = /^<!-- solve\.js -->\n```js\n([\s\S]*?)^```$/m.exec(page)!
  const { solve } = await import(`data:text/javascript,${encodeURIComponent(snippet!)}`)
  const { challenge, verify } = start({ bits: 10 })
  t.equal(await verify(await solve(challenge())), 'passed')
  t.equal(await verify(await solve({ ...challenge(), bits: 12 })), 'passed', 'beyond the first chunk')
  await t.rejects(solve({ ...challenge(), expires_in: 0 }), /expired/)
})
