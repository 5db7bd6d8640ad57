import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Provider } from '../src/core/delivery/ports.ts'
import type { FakeCompany } from './fake-company.ts'
import { MESSAGE, send } from './sending.ts'
import { type ContractCase, type ProviderSubject, setStage } from './stage.ts'

/** Longer than the second that dates and signatures are made of, in ms. */
const A_SECOND = 1_050

/** What the requests of one provider have to do with each other. */
export const requestContract = (subject: ProviderSubject): ContractCase[] => {
  const { definition, normalise = (request) => request } = subject
  const { create, facing } = setStage(subject)

  /** The one request that is made of the message, in writing. */
  const requestOf = async (provider: Provider, company: FakeCompany, sendId = MESSAGE.sendId): Promise<string> => {
    const before = company.requests.length
    await send(provider, { sendId })
    const [request, ...others] = company.requests.slice(before)
    assert.ok(request && others.length === 0, 'one request is made')
    return JSON.stringify(normalise(request))
  }

  return [
    facing('accepting', 'takes many messages at once', async (company, provider) => {
      const results = await Promise.all(Array.from({ length: 50 }, () => send(provider)))
      assert.ok(results.every(({ outcome }) => outcome === 'accepted'))
      assert.equal(company.requests.length, 50)
    }),

    facing(
      'failing',
      'makes the same request of the same message, however often and however late',
      async (company, provider) => {
        const first = await requestOf(provider, company)
        company.mode = 'accepting'
        await setTimeout(A_SECOND)
        assert.equal(await requestOf(provider, company), first)
      },
    ),

    ...(definition.idempotency === undefined
      ? []
      : [
          facing('accepting', 'tells the company the send id, by which it drops duplicates', async (company) => {
            // Without receipts: there the id travels for another reason.
            const provider = await create(company.url, { receiptsUrl: undefined })
            for (const sendId of [MESSAGE.sendId, 'a1b2c3d4-e5f6-4708-890a-0b0c0d0e0f10']) {
              const request = (await requestOf(provider, company, sendId)).toLowerCase()
              assert.ok(
                request.includes(sendId) || request.includes(sendId.replaceAll('-', '')),
                'it is in the request',
              )
            }
          }),
        ]),
  ]
}
