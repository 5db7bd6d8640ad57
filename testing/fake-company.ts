import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as it arrived. */
export interface ReceivedRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** An answer of the company. */
export interface CompanyReply {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** How one company words what it has to say; each provider's test brings its own. */
export interface CompanyVoice {
  /** The message is taken. */
  accepted: (request: ReceivedRequest) => CompanyReply
  /** This number will never be reached. */
  refused: (request: ReceivedRequest) => CompanyReply
  /** The status says success, the body says that nothing was sent. */
  lie: (request: ReceivedRequest) => CompanyReply
}

/** Every way in which a company behaves, well or badly. */
export type CompanyMode =
  | 'accepting'
  | 'refusing'
  | 'lying'
  /** Takes the request and never answers. */
  | 'silent'
  /** Sends the head of a success and one byte of its body, then nothing. */
  | 'dripping'
  /** 429 with `Retry-After`. */
  | 'limiting'
  /** 401: the credential is wrong. */
  | 'forbidding'
  | 'failing'
  | 'bad-gateway'
  | 'unavailable'
  | 'gateway-timeout'
  /** 200 with HTML. */
  | 'garbage'
  /** 200 with a body that never ends, as fast as it is read. */
  | 'huge'
  /** 307, which a client that follows would answer by sending all of it again, to `redirectTo`. */
  | 'redirecting'
  /** Takes the whole request, then resets the connection. */
  | 'resetting'
  /** Announces a success of 1,000 bytes, sends one of them and resets the connection. */
  | 'truncating'
  /** Answers in another protocol. */
  | 'speaking-ssh'

/** A delivery company on 127.0.0.1. */
export interface FakeCompany {
  /** Where it takes messages. */
  url: string
  /** The same place by a protocol that it does not speak. */
  httpsUrl: string
  mode: CompanyMode
  redirectTo: string
  /** All that arrived whole, oldest first. */
  requests: ReceivedRequest[]
  /** Resolves as soon as a request has arrived. */
  received: Promise<void>
  /** Bytes of answers that were written so far. */
  bytesSent: () => number
  /** Breaks all connections and stops listening: the next one is refused. */
  close: () => Promise<void>
}

/** The seconds that `limiting` asks to wait. */
export const COMPANY_RETRY_AFTER = 17

const PATH = '/run/sms/'
const CHUNK = Buffer.alloc(64 * 1024, ' ')

/** What careless companies do: their error quotes the whole request, credential and all. */
const quoting = (
  status: number,
  { body, headers }: ReceivedRequest,
  extra: Record<string, string> = {},
): CompanyReply => ({
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

/** Starts a company that behaves as its `mode` says, on every path and for every method, until it is closed. */
export const startFakeCompany = async (voice: CompanyVoice, mode: CompanyMode = 'accepting'): Promise<FakeCompany> => {
  let bytesSent = 0
  const arrival = Promise.withResolvers<void>()

  const reply = (response: ServerResponse, { status, headers = {}, body = '' }: CompanyReply) => {
    bytesSent += body.length
    response.writeHead(status, headers).end(body)
  }

  const answers: Record<CompanyMode, (request: ReceivedRequest, response: ServerResponse) => void> = {
    accepting: (request, response) => reply(response, voice.accepted(request)),
    refusing: (request, response) => reply(response, voice.refused(request)),
    lying: (request, response) => reply(response, voice.lie(request)),
    silent: () => {},
    dripping: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    },
    limiting: (request, response) =>
      reply(response, quoting(429, request, { 'retry-after': String(COMPANY_RETRY_AFTER) })),
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
    redirecting: (_request, response) => reply(response, { status: 307, headers: { location: company.redirectTo } }),
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
    company.requests.push(request)
    arrival.resolve()
    answers[company.mode](request, response)
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
  const company: FakeCompany = {
    url: `http://${address}`,
    httpsUrl: `https://${address}`,
    mode,
    redirectTo: '',
    requests: [],
    received: arrival.promise,
    bytesSent: () => bytesSent,
    close,
  }
  return company
}
