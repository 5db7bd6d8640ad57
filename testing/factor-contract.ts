/** The contract of every second factor, for any test framework. */
import assert from 'node:assert/strict'
import type { Begun, Proof } from '../src/core/challenge/factor.ts'
import { CHANNELS } from '../src/core/delivery/ports.ts'
import type { Enrollment } from '../src/core/terms.ts'
import { deliveryContract } from './factor-delivery-contract.ts'
import { type FactorSubject, openChallenge } from './factor-stage.ts'
import type { ContractCase } from './stage.ts'

/** Texts that clients may send instead of an answer. */
const GARBAGE = [
  '',
  ' ',
  '0',
  '-1',
  '1e3',
  '000000000000',
  '１２３４５６',
  '\u0000',
  '💥',
  "' or 1=1",
  'x'.repeat(10_000),
]

/** Checks a proof as the store does. */
const holds = ({ hash }: Begun, proof: Proof, { counter }: Enrollment): boolean => {
  if (proof.hash === undefined && proof.counter === undefined) return false
  const isSame = hash === null ? proof.hash === undefined : proof.hash !== undefined && hash.equals(proof.hash)
  return isSame && (proof.counter === undefined || proof.counter > (counter ?? -1))
}

/** Returns the answer with one changed digit. */
const wrongAnswer = (answer: string): string =>
  answer.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10))

/** Returns the tests of a second factor. */
export const factorContract = (subject: FactorSubject): ContractCase[] => {
  const { factor, destination, enrollment, typed } = subject
  const named = (sentence: string, run: () => Promise<void>): ContractCase => ({
    name: `${factor.name} ${sentence}`,
    run,
  })

  return [
    named('has a name that fits the API and the database', async () => {
      assert.match(factor.name, /^[a-z][a-z0-9_]{0,31}$/)
    }),

    named('says what it adds to amr for every channel and for none', async () => {
      for (const channel of [null, ...CHANNELS]) {
        const amr = factor.amr(channel)
        assert.ok(amr.length > 0)
        for (const value of amr) assert.match(value, /^[a-z]{2,8}$/, 'as RFC 8176 has them')
        assert.ok(!amr.includes('pwd') && !amr.includes('mfa'), 'these are added for it')
      }
    }),

    named('takes the right answer', async () => {
      const { begun, answer } = await openChallenge(subject)
      assert.ok(holds(begun, await answer(await typed(begun, enrollment)), enrollment))
    }),

    named('takes no wrong answer', async () => {
      const { begun, answer } = await openChallenge(subject)
      const wrong = wrongAnswer(await typed(begun, enrollment))
      assert.ok(!holds(begun, await answer(wrong), enrollment))
    }),

    named('takes no garbage, and never fails because of it', async () => {
      const { begun, answer } = await openChallenge(subject)
      for (const code of GARBAGE) assert.ok(!holds(begun, await answer(code), enrollment), JSON.stringify(code))
    }),

    named('takes no answer twice', async () => {
      const first = await openChallenge(subject)
      const code = await typed(first.begun, enrollment)
      const { counter } = await first.answer(code)
      const later = { ...enrollment, counter: counter ?? enrollment.counter }
      // Two challenges may share a code by chance, but five almost never do.
      const isTaken = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const { begun, answer } = await openChallenge({ ...subject, enrollment: later })
          return holds(begun, await answer(code), later)
        }),
      )
      assert.ok(isTaken.includes(false))
      if (counter !== undefined) assert.ok(!isTaken.includes(true), 'a counter never goes back')
    }),

    named('binds its hash to the challenge, 32 bytes long', async () => {
      const { begun } = await openChallenge(subject)
      if (begun.hash === null) return
      assert.equal(begun.hash.length, 32)
      assert.notDeepEqual(begun.hash, (await openChallenge(subject)).begun.hash)
    }),

    named('tells neither the client nor the ledger the answer', async () => {
      const { begun } = await openChallenge(subject)
      const code = await typed(begun, enrollment)
      const { options = {}, plan } = begun
      const { provider, channel, country, prefix, segments, price } = plan?.first ?? {}
      assert.ok(!JSON.stringify([options, provider, channel, country, prefix, segments, price]).includes(code))
    }),

    named('tells the client JSON of at most 4 KiB', async () => {
      const { options = {} } = (await openChallenge(subject)).begun
      assert.deepEqual(JSON.parse(JSON.stringify(options)), options)
      assert.ok(JSON.stringify(options).length <= 4_096)
    }),

    named('asks for codes of the length that it states', async () => {
      const { begun } = await openChallenge(subject)
      const code = await typed(begun, enrollment)
      if (factor.codeLength !== undefined) assert.match(code, new RegExp(`^\\d{${factor.codeLength}}$`))
    }),

    named('sends exactly when it has a delivery', async () => {
      const { begun } = await openChallenge(subject)
      assert.equal(begun.plan !== undefined, factor.delivery !== undefined)
      assert.equal(destination !== null, factor.delivery !== undefined)
    }),

    ...(factor.delivery ? deliveryContract(subject, factor.delivery, named) : []),
  ]
}
