/** The client of the AWS SDK for JavaScript 3, over our transport instead of its connections, limits and retries. */
import type { Transport } from '../../http-client/client.ts'

/** The part of a request that the SDK's clients pass to a request handler. */
interface SdkRequest {
  method: string
  protocol: string
  hostname: string
  port?: number
  path: string
  query: Record<string, string | string[] | null>
  headers: Record<string, string>
  body?: unknown
}

/** The error when no response came; `cause` is the reason. */
export class WireFault extends Error {
  override readonly name = 'WireFault'
}

const urlOf = ({ protocol, hostname, port, path, query }: SdkRequest): string => {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value ?? ''))
  return url.href
}

/** Makes the SDK's request handler over a transport. It throws a `WireFault` when no response comes. */
export const handlerOver = (transport: Transport) => ({
  async handle(request: SdkRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) {
    const { host: _, 'content-length': __, ...headers } = request.headers
    const { method, body } = request
    const answer = await transport(
      { method, url: urlOf(request), headers, body: body === undefined ? undefined : String(body) },
      abortSignal ?? new AbortController().signal,
    ).catch((cause: unknown) => {
      throw new WireFault('no answer', { cause })
    })
    if (answer.body === undefined) throw new WireFault('too long an answer')
    // A success with an error in its body is an error.
    const lies = answer.status < 300 && answer.body.includes('<ErrorResponse')
    const { 'content-encoding': ___, ...known } = answer.headers
    return { response: { statusCode: lies ? 400 : answer.status, headers: known, body: Buffer.from(answer.body) } }
  },
})

/** Loads the SDK. Throws an error that names the package to install when it is missing. */
export const loadSdk = async () => {
  try {
    return await import('@aws-sdk/client-sns')
  } catch (cause) {
    throw new Error('SMS_PROVIDERS names "sns", which needs a package. Run: npm install @aws-sdk/client-sns', { cause })
  }
}
