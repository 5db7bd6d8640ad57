import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A received request. */
export interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A response of the fake provider. */
export interface ProviderReply {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** The responses of a provider; each test of a provider supplies its own. */
export interface ProviderVoice {
  /** The message is accepted. */
  accepted: (request: ReceivedRequest) => ProviderReply
  /** The number is permanently unreachable. */
  refused: (request: ReceivedRequest) => ProviderReply
  /** The status is a success, but the body reports an error. */
  lie: (request: ReceivedRequest) => ProviderReply
}

/** The behavior of a fake provider. */
export type ProviderMode =
  | 'accepting'
  | 'refusing'
  | 'lying'
  /** Accepts the request and never responds. */
  | 'silent'
  /** Sends the headers of a success and one byte of the body, then nothing. */
  | 'dripping'
  /** 429 with `Retry-After`. */
  | 'limiting'
  /** 401, as for a wrong credential. */
  | 'forbidding'
  | 'failing'
  | 'bad-gateway'
  | 'unavailable'
  | 'gateway-timeout'
  /** 200 with HTML. */
  | 'garbage'
  /** 200 with an endless body. */
  | 'huge'
  /** 307 to `redirectTo`, where a client that follows redirects would send the whole request again. */
  | 'redirecting'
  /** Reads the whole request, then resets the connection. */
  | 'resetting'
  /** Announces a success with 1,000 bytes, sends one byte and resets the connection. */
  | 'truncating'
  /** Responds in another protocol. */
  | 'speaking-ssh'

/** A fake provider on 127.0.0.1. */
export interface FakeProvider {
  /** URL for messages. */
  url: string
  /** The same URL with https, which it does not support. */
  httpsUrl: string
  mode: ProviderMode
  redirectTo: string
  /** Complete requests, oldest first. */
  requests: ReceivedRequest[]
  /** Resolves when the first request has arrived. */
  received: Promise<void>
  /** Returns the number of response bytes written so far. */
  bytesSent: () => number
  /** Closes all connections and stops listening, so that new connections are refused. */
  close: () => Promise<void>
}

/** `Retry-After` of the mode `limiting`, in seconds. */
export const PROVIDER_RETRY_AFTER = 17

const PATH = '/run/sms/'
const CHUNK = Buffer.alloc(64 * 1024, ' ')

/** Creates an error that quotes the whole request with its credential, as some providers do. */
const quoting = (
  status: number,
  { body, headers }: ReceivedRequest,
  extra: Record<string, string> = {},
): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json', ...extra },
  body: JSON.stringify({ error: `HTTP ${status}`, request: body, headers }),
})

const pourForever = (response: ServerResponse, count: (bytes: number) => void) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const pour = () => {
    let more = !response.destroyed
    while (more) {
      count(CHUNK.length)
      more = response.write(CHUNK) && !response.destroyed
    }
  }
  response.on('drain', pour)
  pour()
}

/** Starts a fake provider that behaves as its `mode` says, on every path and for every method, until it is closed. */
export const startFakeProvider = async (
  voice: ProviderVoice,
  mode: ProviderMode = 'accepting',
): Promise<FakeProvider> => {
  let bytesSent = 0
  const arrival = Promise.withResolvers<void>()

  const reply = (response: ServerResponse, { status, headers = {}, body = '' }: ProviderReply) => {
    bytesSent += body.length
    response.writeHead(status, headers).end(body)
  }

  const answers: Record<ProviderMode, (request: ReceivedRequest, response: ServerResponse) => void> = {
    accepting: (request, response) => reply(response, voice.accepted(request)),
    refusing: (request, response) => reply(response, voice.refused(request)),
    lying: (request, response) => reply(response, voice.lie(request)),
    silent: () => {},
    dripping: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    },
    limiting: (request, response) =>
      reply(response, quoting(429, request, { 'retry-after': String(PROVIDER_RETRY_AFTER) })),
    forbidding: (request, response) => reply(response, quoting(401, request)),
    failing: (request, response) => reply(response, quoting(500, request)),
    'bad-gateway': (request, response) => reply(response, quoting(502, request)),
    unavailable: (request, response) => reply(response, quoting(503, request)),
    'gateway-timeout': (request, response) => reply(response, quoting(504, request)),
    garbage: (request, response) =>
      reply(response, { status: 200, headers: { 'content-type': 'text/html' }, body: `<html>${request.body}</html>` }),
    huge: (_request, response) =>
      pourForever(response, (bytes) => {
        bytesSent += bytes
      }),
    redirecting: (_request, response) => reply(response, { status: 307, headers: { location: provider.redirectTo } }),
    resetting: (_request, response) => response.socket?.resetAndDestroy(),
    truncating: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{', () => response.socket?.resetAndDestroy())
    },
    'speaking-ssh': (_request, response) => response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n'),
  }

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = incoming
    const request = { method, path: url, headers, body: await text(incoming) }
    provider.requests.push(request)
    arrival.resolve()
    answers[provider.mode](request, response)
  }
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  const address = `127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`
  const provider: FakeProvider = {
    url: `http://${address}`,
    httpsUrl: `https://${address}`,
    mode,
    redirectTo: '',
    requests: [],
    received: arrival.promise,
    bytesSent: () => bytesSent,
    close,
  }
  return provider
}
