/** The setup of contract cases: a fake provider, the provider under test, and the cleanup. */
import assert from 'node:assert/strict'
import type { Provider, SendResult } from '../src/core/delivery/ports.ts'
import type { ProviderDefinition, ProviderTools } from '../src/providers/provider.ts'
import {
  type FakeProvider,
  type ProviderMode,
  type ProviderVoice,
  type ReceivedRequest,
  startFakeProvider,
} from './fake-provider.ts'
import { assertResult } from './sending.ts'
import { createProvider } from './wire.ts'

/** A contract case: a name, and a function that throws if the case fails. It cleans up after itself. */
export interface ContractCase {
  name: string
  run: () => Promise<void>
}

/** A provider under test. */
export interface ProviderSubject {
  definition: ProviderDefinition
  /** Returns its settings, with its API at `url`. */
  settings: (url: string) => Record<string, unknown>
  /** The secret values of the settings. */
  secrets: readonly string[]
  voice: ProviderVoice
  /** Removes the parts of a request that change with each attempt by design: dates, signatures, token ids. */
  normalize?: (request: ReceivedRequest) => unknown
}

/** Functions that create the cases of one subject. */
export interface Stage {
  /** Creates the provider, with its API at `url`. */
  create: (url: string, tools?: Partial<ProviderTools>) => Promise<Provider>
  /** Creates a case whose name starts with the provider's name. */
  named: (sentence: string, run: () => Promise<void>) => ContractCase
  /** Creates a case with a fake provider in a mode. */
  facing: (
    mode: ProviderMode,
    sentence: string,
    act: (fake: FakeProvider, provider: Provider) => Promise<void>,
    words?: ProviderVoice,
  ) => ContractCase
  /** Throws if the outcome differs, or if the result is malformed or reveals the message or a secret. */
  assertOutcome: (result: SendResult, outcome: SendResult['outcome']) => void
}

/** Creates the stage of one subject. */
export const setStage = ({ definition, settings, secrets, voice }: ProviderSubject): Stage => {
  const create: Stage['create'] = (url, tools) => createProvider(definition, settings(url), tools)
  const named: Stage['named'] = (sentence, run) => ({ name: `${definition.name} ${sentence}`, run })
  return {
    create,
    named,
    facing: (mode, sentence, act, words = voice) =>
      named(sentence, async () => {
        const fake = await startFakeProvider(words, mode)
        try {
          await act(fake, await create(fake.url))
        } finally {
          await fake.close()
        }
      }),
    assertOutcome: (result, outcome) => {
      assert.equal(result.outcome, outcome)
      assertResult(result, secrets)
    },
  }
}
