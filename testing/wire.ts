import type { CodeMessage, Provider, SendResult } from '../src/core/delivery/ports.ts'
import { createExchange, type WireAnswer, type WireRequest, wire } from '../src/http-client/client.ts'
import type { ProviderDefinition, ProviderTools } from '../src/providers/provider.ts'

/** Base URL of receipts in tests; the provider's name follows. */
const RECEIPTS_BASE = 'https://auth.example.com/webhooks/sms'

/** Returns the tools of a provider that sends real requests, and prints and keeps nothing. */
export const toolsFor = (name: string, changes: Partial<ProviderTools> = {}): ProviderTools => {
  const transport = changes.transport ?? wire
  return {
    print: () => {},
    keep: () => {},
    now: Date.now,
    receiptsUrl: `${RECEIPTS_BASE}/${name}`,
    transport,
    exchange: createExchange(transport),
    ...changes,
  }
}

/** Creates a provider as the server does. */
export const createProvider = async (
  definition: ProviderDefinition,
  settings: Record<string, unknown>,
  changes: Partial<ProviderTools> = {},
): Promise<Provider> => definition.create(settings, toolsFor(definition.name, changes))

/** Sends a message over a transport that responds with `answer`. Resolves to the requests and the result. */
export const sendOverWire = async (
  definition: ProviderDefinition,
  settings: Record<string, unknown>,
  message: CodeMessage,
  answer: Partial<WireAnswer> = {},
  changes: Partial<ProviderTools> = {},
): Promise<{ requests: WireRequest[]; result: SendResult }> => {
  const requests: WireRequest[] = []
  const provider = await createProvider(definition, settings, {
    transport: async (request) => {
      requests.push(request)
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{}', ...answer }
    },
    ...changes,
  })
  return { result: await provider.send(message, new AbortController().signal), requests }
}
