import { request as askPlain } from 'node:http'
import { request as askTls } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { AskPublic, PublicAnswer } from './public-address-check.ts'

/** The longest that one question may take, in ms. */
const LONGEST = 5_000
/** More than any page that is asked for. */
const LONGEST_BODY = 256 * 1024

const certificateOf = (socket: TLSSocket): PublicAnswer['certificate'] => {
  const { valid_to: validTo } = socket.getPeerCertificate()
  const reason = socket.authorized ? undefined : String(socket.authorizationError)
  return { reason, validTo: new Date(validTo) }
}

/**
 * Asks over a connection of its own, and follows no redirect. Every certificate is taken, for the doctor is to tell what is
 * wrong with it; nothing secret is ever sent by this way. `ca` is trusted besides what the machine trusts.
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
      const signal = AbortSignal.timeout(LONGEST)
      const asked = isTls
        ? askTls(url, { method, headers, signal, agent: false, rejectUnauthorized: false, ...(ca && { ca }) })
        : askPlain(url, { method, headers, signal, agent: false })
      asked.once('error', reject)
      asked.once('response', (answer) => {
        const certificate = isTls ? certificateOf(answer.socket as TLSSocket) : undefined
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => {
          if (text.length < LONGEST_BODY) text += chunk
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
