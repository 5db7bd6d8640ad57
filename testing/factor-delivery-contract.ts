import assert from 'node:assert/strict'
import type { Factor } from '../src/core/challenge/factor.ts'
import { Problem } from '../src/errors.ts'
import { type FactorSubject, openChallenge } from './factor-stage.ts'
import type { ContractCase } from './stage.ts'

/** Returns the tests of a factor that sends messages. */
export const deliveryContract = (
  subject: FactorSubject,
  delivery: NonNullable<Factor['delivery']>,
  named: (sentence: string, run: () => Promise<void>) => ContractCase,
): ContractCase[] => [
  named('refuses a user without a destination', async () => {
    await assert.rejects(
      async () => openChallenge(subject, { destination: null }),
      (error) => error instanceof Problem && error.code === 'destination_not_allowed',
    )
  }),

  named('reads its own spelling of a destination, and no nonsense', async () => {
    assert.equal(delivery.readDestination(subject.destination!), subject.destination)
    for (const written of ['', ' ', 'nonsense', '\u0000']) {
      assert.throws(
        () => delivery.readDestination(written),
        (error) => error instanceof Problem && error.code === 'validation_failed',
      )
    }
  }),

  named('masks all but the end of a destination, and its length', async () => {
    const masked = delivery.mask(subject.destination!)
    assert.match(masked, /^\*+.{0,2}$/u)
    assert.equal(delivery.mask(`${subject.destination}0`).length, masked.length)
  }),

  named('sends by the channel that is asked for', async () => {
    for (const channel of delivery.channels) {
      const { begun } = await openChallenge(subject, { channel })
      assert.equal(begun.plan?.channel, channel)
      assert.equal(begun.plan?.first.channel, channel)
    }
  }),

  named('makes another code for each message', async () => {
    const codes = new Set<string>()
    for (let nth = 0; nth < 5; nth += 1) {
      const { begun } = await openChallenge(subject)
      codes.add(await subject.typed(begun, subject.enrollment))
    }
    assert.ok(codes.size > 1)
  }),
]
