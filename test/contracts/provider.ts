/** The contracts of providers, as tap tests. */
import { performance } from 'node:perf_hooks'
import type { Test } from 'tap'
import { CHANNELS } from '../../src/core/delivery/ports.ts'
import type { KeptMessage, ProviderDefinition } from '../../src/providers/provider.ts'
import {
  type ContractCase,
  MESSAGE,
  type ProviderSubject,
  providerContract,
  type ReceiptSubject,
  receiptContract,
} from '../../testing/index.ts'
import { createProvider } from '../../testing/wire.ts'

export { MESSAGE } from '../../testing/index.ts'

const testAll = (t: Test, cases: readonly ContractCase[]): void => {
  for (const { name, run } of cases)
    t.test(name, async (t) => {
      await run()
      t.pass('fulfills the contract')
    })
}

/** Declares the tests of a provider that sends messages over HTTP. */
export const testRealProvider = (t: Test, subject: ProviderSubject): void => testAll(t, providerContract(subject))

/** Declares the tests of a provider that reads receipts. */
export const testReceipts = (t: Test, subject: ReceiptSubject): void => testAll(t, receiptContract(subject))

/** Declares the tests of a provider that keeps its messages in this process. */
export const testLocalProvider = (t: Test, definition: ProviderDefinition): void => {
  const start = async () => {
    const kept: KeptMessage[] = []
    return { provider: await createProvider(definition, {}, { keep: (message) => kept.push(message) }), kept }
  }

  t.test(`${definition.name} is a development provider without settings`, async (t) => {
    const { provider } = await start()
    t.equal(provider.name, definition.name)
    t.equal(definition.real, false)
    t.same(Object.keys(definition.settings.properties), [])
    t.same(provider.channels, CHANNELS, 'offers every channel')
  })

  for (const channel of CHANNELS) {
    t.test(`${definition.name} accepts each ${channel} message at once and keeps it complete`, async (t) => {
      const { provider, kept } = await start()
      const since = performance.now()
      t.match(await provider.send({ ...MESSAGE, channel }, new AbortController().signal), { outcome: 'accepted' })
      t.ok(performance.now() - since < 100)
      const body = channel === 'voice' ? MESSAGE.speech.join('\n') : MESSAGE.text
      t.strictSame(kept, [{ to: MESSAGE.to, channel, body, code: MESSAGE.code }])
    })
  }
}
