import { request as askPlain } from 'node:http'
import { request as askTls } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { AskPublic, PublicAnswer } from './public-address-check.ts'

/** Timeout of one request in ms. */
const TIMEOUT_MS = 5_000
/** Maximum length of a response body that is kept; every requested page is shorter. */
const MAX_BODY = 256 * 1024

const certificateOf = (socket: TLSSocket): PublicAnswer['certificate'] => {
  const { valid_to: validTo } = socket.getPeerCertificate()
  const reason = socket.authorized ? undefined : String(socket.authorizationError)
  return { reason, validTo: new Date(validTo) }
}

/**
 * Creates a function that sends each request over a new connection and follows no redirect. It accepts every certificate, so
 * that the doctor can report faults in it; the requests contain no secrets. `ca` is an additional trusted certificate.
 */
export const createAskPublic =
  ({ ca }: { ca?: string } = {}): AskPublic =>
  (url, { method = 'GET', body } = {}) =>
    new Promise((resolve, reject) => {
      const isTls = url.startsWith('https:')
      const headers = {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      }
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const asked = isTls
        ? askTls(url, { method, headers, signal, agent: false, rejectUnauthorized: false, ...(ca && { ca }) })
        : askPlain(url, { method, headers, signal, agent: false })
      asked.once('error', reject)
      asked.once('response', (answer) => {
        const certificate = isTls ? certificateOf(answer.socket as TLSSocket) : undefined
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          if (text.length < MAX_BODY) text += chunk
        })
        answer.once('error', reject)
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])),
            body: text,
            certificate,
          }),
        )
      })
      asked.end(body)
    })
