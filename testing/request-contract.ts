import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Provider } from '../src/core/delivery/ports.ts'
import type { FakeProvider } from './fake-provider.ts'
import { MESSAGE, send } from './sending.ts'
import { type ContractCase, type ProviderSubject, setStage } from './stage.ts'

/** More than one second in ms, because dates and signatures often have whole seconds. */
const A_SECOND = 1_050

/** Returns the tests that compare requests of one provider. */
export const requestContract = (subject: ProviderSubject): ContractCase[] => {
  const { definition, normalize = (request) => request } = subject
  const { create, facing } = setStage(subject)

  /** Sends the message and returns its only request as text. */
  const requestOf = async (provider: Provider, fake: FakeProvider, sendId = MESSAGE.sendId): Promise<string> => {
    const before = fake.requests.length
    await send(provider, { sendId })
    const [request, ...others] = fake.requests.slice(before)
    assert.ok(request && others.length === 0, 'one request is made')
    return JSON.stringify(normalize(request))
  }

  return [
    facing('accepting', 'sends many messages in parallel', async (fake, provider) => {
      const results = await Promise.all(Array.from({ length: 50 }, () => send(provider)))
      assert.ok(results.every(({ outcome }) => outcome === 'accepted'))
      assert.equal(fake.requests.length, 50)
    }),

    facing(
      'failing',
      'sends the same request for the same message, however often and however late',
      async (fake, provider) => {
        const first = await requestOf(provider, fake)
        fake.mode = 'accepting'
        await setTimeout(A_SECOND)
        assert.equal(await requestOf(provider, fake), first)
      },
    ),

    ...(definition.idempotency === undefined
      ? []
      : [
          facing('accepting', 'includes the send id, by which the API drops duplicates', async (fake) => {
            // Without receipts, which carry the id for another reason.
            const provider = await create(fake.url, { receiptsUrl: undefined })
            for (const sendId of [MESSAGE.sendId, 'a1b2c3d4-e5f6-4708-890a-0b0c0d0e0f10']) {
              const request = (await requestOf(provider, fake, sendId)).toLowerCase()
              assert.ok(
                request.includes(sendId) || request.includes(sendId.replaceAll('-', '')),
                'the request has the send id',
              )
            }
          }),
        ]),
  ]
}
