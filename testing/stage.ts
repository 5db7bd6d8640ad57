/** Where the contract's cases are played: one company, one provider, and what is tidied up after them. */
import assert from 'node:assert/strict'
import type { Provider, SendResult } from '../src/core/delivery/ports.ts'
import type { ProviderDefinition, ProviderTools } from '../src/providers/provider.ts'
import {
  type CompanyMode,
  type CompanyVoice,
  type FakeCompany,
  type ReceivedRequest,
  startFakeCompany,
} from './fake-company.ts'
import { assertResult } from './sending.ts'
import { createProvider } from './wire.ts'

/** One promise: a sentence, and what fails when it is broken. It cleans up after itself. */
export interface ContractCase {
  name: string
  run: () => Promise<void>
}

/** How the contract reaches one real company. */
export interface ProviderSubject {
  definition: ProviderDefinition
  /** Its settings, with the company at `url`. */
  settings: (url: string) => Record<string, unknown>
  /** The values among the settings that nobody may see. */
  secrets: readonly string[]
  voice: CompanyVoice
  /** Takes out of a request what changes from try to try by design: dates, signatures, a token's id. */
  normalise?: (request: ReceivedRequest) => unknown
}

/** What the cases of one subject are made with. */
export interface Stage {
  /** The provider, with the company at `url`. */
  create: (url: string, tools?: Partial<ProviderTools>) => Promise<Provider>
  /** A case under the provider's name. */
  named: (sentence: string, run: () => Promise<void>) => ContractCase
  /** A case for which the company behaves as `mode` says. */
  facing: (
    mode: CompanyMode,
    sentence: string,
    act: (company: FakeCompany, provider: Provider) => Promise<void>,
    words?: CompanyVoice,
  ) => ContractCase
  /** Fails when the outcome is another, or the result not of its form or not discreet. */
  assertOutcome: (result: SendResult, outcome: SendResult['outcome']) => void
}

/** Sets the stage for one subject. */
export const setStage = ({ definition, settings, secrets, voice }: ProviderSubject): Stage => {
  const create: Stage['create'] = (url, tools) => createProvider(definition, settings(url), tools)
  const named: Stage['named'] = (sentence, run) => ({ name: `${definition.name} ${sentence}`, run })
  return {
    create,
    named,
    facing: (mode, sentence, act, words = voice) =>
      named(sentence, async () => {
        const company = await startFakeCompany(words, mode)
        try {
          await act(company, await create(company.url))
        } finally {
          await company.close()
        }
      }),
    assertOutcome: (result, outcome) => {
      assert.equal(result.outcome, outcome)
      assertResult(result, secrets)
    },
  }
}
