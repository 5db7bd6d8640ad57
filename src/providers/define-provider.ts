/** The module `doorcode/provider`, with everything that a provider's file imports. */
import type { Static, TObject } from 'typebox'
import { CHANNELS, type Channel, type CodeMessage, type Provider, type SendResult } from '../core/delivery/ports.ts'
import { type HttpAnswer, type HttpRequest, isObject, joinUrl } from '../http-client/client.ts'
import type { ProviderDefinition, ProviderTools } from './provider.ts'

export * from './provider.ts'

/** The base URL of a provider's API, and the credentials of every request to it. */
export interface ProviderApi {
  url: string
  /** The value of the `Authorization` header. */
  authorization: string
}

/** A request relative to the base URL: the path, a body, and headers in addition to the credentials. */
export interface ApiRequest extends Pick<HttpRequest, 'method' | 'headers' | 'json' | 'form' | 'body'> {
  path: string
}

/** The request of each channel. The value is undefined or empty for a channel whose settings are missing. */
export type ChannelRequests = { readonly [C in Channel]?: ((message: CodeMessage) => ApiRequest) | '' | undefined }

/** Interprets a response of the provider. `body` is its JSON object, or empty for other bodies. */
export type Interpret = (body: Record<string, unknown>, answer: HttpAnswer, message: CodeMessage) => SendResult

/** A provider with an HTTP API, defined by its differences from others; `defineProvider` adds the sending. */
export interface ApiDefinition<S extends TObject = TObject> extends Omit<ProviderDefinition<S>, 'create' | 'probe'> {
  create?: never
  api(settings: Static<S>): ProviderApi
  /** Returns the path of a free request without effects that succeeds only with valid credentials. */
  probe?(settings: Static<S>): string
  /**
   * Returns the channels that the settings enable. `receiptsUrl` is undefined if `readReceipt` returns no reader.
   * Throws an error that names the setting when one is invalid.
   */
  requests(settings: Static<S>, tools: Pick<ProviderTools, 'receiptsUrl' | 'now'>): ChannelRequests
  interpret: Interpret
  /** Returns the reader of receipts; undefined when the settings lack the key that verifies them. */
  readReceipt?(settings: Static<S>): Provider['readReceipt']
}

const createFor = <S extends TObject>(
  { name, api, requests, interpret, readReceipt }: ApiDefinition<S>,
  settings: Static<S>,
  { exchange, receiptsUrl, now }: ProviderTools,
): Provider => {
  const { url, authorization } = api(settings)
  const reader = readReceipt?.(settings)
  const byChannel = requests(settings, { receiptsUrl: reader && receiptsUrl, now })
  return {
    name,
    channels: CHANNELS.filter((channel) => byChannel[channel]),
    send: async (message, signal) => {
      const request = byChannel[message.channel]
      if (!request) return { outcome: 'failed', reason: 'no such channel' }
      const { path, headers, ...content } = request(message)
      return exchange(
        { url: joinUrl(url, path), headers: { authorization, ...headers }, ...content, signal },
        (answer) => interpret(isObject(answer.json) ? answer.json : {}, answer, message),
      )
    },
    ...(reader && { readReceipt: reader }),
  }
}

/**
 * Defines a provider: by its `create`, or by its API, the requests of its channels and the interpretation of responses.
 * Ties each function to the type of the settings.
 */
export const defineProvider = <S extends TObject>(
  definition: ProviderDefinition<S> | ApiDefinition<S>,
): ProviderDefinition => {
  if (definition.create) return definition as unknown as ProviderDefinition
  const { api, requests: _, interpret: __, readReceipt: ___, probe, ...rest } = definition
  const made: ProviderDefinition<S> = {
    ...rest,
    create: (settings, tools) => createFor(definition, settings, tools),
    ...(probe && {
      probe: (settings) => {
        const { url, authorization } = api(settings)
        return { url: joinUrl(url, probe(settings)), headers: { authorization } }
      },
    }),
  }
  return made as unknown as ProviderDefinition
}
