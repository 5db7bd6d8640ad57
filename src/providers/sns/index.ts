/**
 * Amazon SNS, action "Publish" to a phone number, API version 2010-03-31, through the client of the AWS SDK for
 * JavaScript 3. SNS reports deliveries to CloudWatch Logs alone, and drops no duplicates of messages to a number.
 */
import { Type } from 'typebox'
import type { CodeMessage, Provider, SendResult } from '../../core/delivery/ports.ts'
import { interpretFailure, type Transport } from '../../http-client/client.ts'
import { interpretFault } from '../../http-client/wire-faults.ts'
import { defineProvider } from '../define-provider.ts'

const DEFAULT_URL = 'https://sns.us-east-1.amazonaws.com'

/** What the SDK's clients ask of a request handler. */
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

/** Nothing came back over the wire: `cause` says why. */
class WireFault extends Error {
  override readonly name = 'WireFault'
}

const urlOf = ({ protocol, hostname, port, path, query }: SdkRequest): string => {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`)
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, String(value ?? ''))
  return url.href
}

/** Puts our wire under the SDK's client, which has its own connections, limits and ways to give up. */
const handlerOver = (transport: Transport) => ({
  async handle(request: SdkRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) {
    const { host: _, 'content-length': __, ...headers } = request.headers
    const answer = await transport(
      {
        method: request.method,
        url: urlOf(request),
        headers,
        body: request.body === undefined ? undefined : String(request.body),
      },
      abortSignal ?? new AbortController().signal,
    ).catch((cause: unknown) => {
      throw new WireFault('no answer', { cause })
    })
    if (answer.body === undefined) throw new WireFault('too long an answer')
    // A success that carries an error is one.
    const lies = answer.status < 300 && answer.body.includes('<ErrorResponse')
    const { 'content-encoding': ___, ...known } = answer.headers
    return { response: { statusCode: lies ? 400 : answer.status, headers: known, body: Buffer.from(answer.body) } }
  },
})

/** What the SDK throws for an answer that is not a success; `Code` is what SNS calls it. */
interface SdkError {
  name: string
  Code?: unknown
  message: string
  $metadata?: { httpStatusCode?: number }
  $response?: { statusCode?: number; headers?: Record<string, string> }
}

const PARAMETER_FAULTS = ['InvalidParameter', 'InvalidParameterValue']

/** Whether the number is at fault: it opted out, or it is the parameter that SNS names before its reason. */
const blamesNumber = (code: string | undefined, message: string): boolean =>
  code === 'OptedOut' ||
  (PARAMETER_FAULTS.includes(code ?? '') &&
    (/PhoneNumber/.test(message.split(' Reason:')[0] ?? '') || /opted out/i.test(message)))

const interpretError = (error: unknown): SendResult => {
  if (error instanceof WireFault) return interpretFault(error.cause ?? error)
  const { name, Code, message, $metadata, $response } = error as SdkError
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  // Without a status the SDK itself gave up, before it had anything to send.
  if (status === undefined) return { outcome: 'failed', reason: /^\w{1,40}$/.test(name) ? name : 'SDK error' }
  if (status < 300) return { outcome: 'unknown', reason: 'unreadable answer' }
  // Its codes are words; whatever else stands there may be anything.
  const code = typeof Code === 'string' && /^[A-Za-z]{1,40}$/.test(Code) ? Code : undefined
  const reason = code ? `HTTP ${status}, ${code}` : `HTTP ${status}`
  if (blamesNumber(code, String(message))) return { outcome: 'refused', reason }
  const wait = $response?.headers?.['retry-after']
  const retryAfter = wait && /^\d{1,6}$/.test(wait) ? Number(wait) : undefined
  const { outcome } = interpretFailure({ status, retryAfter })
  if (outcome === 'unknown') return { outcome, reason }
  // A 400 that does not blame the number blames the account or the request, or wants less traffic.
  return { outcome: 'failed', reason, ...(retryAfter !== undefined && { retryAfter }) }
}

/** The SDK looks for credentials without regard to the signal. */
const abortOf = (signal: AbortSignal) =>
  new Promise<SendResult>((resolve) => {
    const aborted = () => resolve({ outcome: 'unknown', reason: 'no answer in time' })
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
  })

const loadSdk = async () => {
  try {
    return await import('@aws-sdk/client-sns')
  } catch (cause) {
    throw new Error('SMS_PROVIDERS names "sns", which needs a package. Run: npm install @aws-sdk/client-sns', { cause })
  }
}

export const snsProvider = defineProvider({
  name: 'sns',
  real: true,
  document: {
    url: 'https://docs.aws.amazon.com/sns/latest/api/API_Publish.html',
    version: 'API 2010-03-31',
  },
  channels: ['sms'],
  settings: Type.Object({
    SNS_REGION: Type.String({
      pattern: '^[a-z]{2,3}(-[a-z]+)+-\\d$',
      description: 'The region whose SNS sends.',
      examples: ['eu-central-1'],
    }),
    SNS_ACCESS_KEY_ID: Type.Optional(
      Type.String({
        pattern: '^[A-Z0-9]{16,128}$',
        description: 'Access key id. Without it the SDK looks where it always does: the role of the machine, for one.',
        examples: ['AKIDEXAMPLE00000'],
      }),
    ),
    SNS_SECRET_ACCESS_KEY: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]+$',
        description: 'The secret of that key.',
        examples: ['the secret shown when the key was made'],
        secret: true,
      }),
    ),
    SNS_SENDER_ID: Type.Optional(
      Type.String({
        pattern: '^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$',
        description: 'The name that messages come from, in countries that allow one.',
        examples: ['Example'],
      }),
    ),
    SNS_URL: Type.String({
      default: DEFAULT_URL,
      pattern: '^https?://[^\\s/]+',
      description: 'Where SNS takes messages; the endpoint of the region unless it is set.',
      examples: [DEFAULT_URL],
    }),
  }),
  async create(settings, { transport }): Promise<Provider> {
    const { SNS_ACCESS_KEY_ID: accessKeyId, SNS_SECRET_ACCESS_KEY: secretAccessKey, SNS_SENDER_ID: sender } = settings
    if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
      throw new Error('SNS_ACCESS_KEY_ID and SNS_SECRET_ACCESS_KEY belong together: set both, or neither.')
    }
    const { SNSClient, PublishCommand } = await loadSdk()
    const client = new SNSClient({
      region: settings.SNS_REGION,
      maxAttempts: 1,
      requestHandler: handlerOver(transport) as never,
      ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
      ...(settings.SNS_URL !== DEFAULT_URL && { endpoint: settings.SNS_URL }),
    })
    const text = (value: string) => ({ DataType: 'String', StringValue: value })
    const publish = async ({ to, text: message }: CodeMessage, signal: AbortSignal): Promise<SendResult> => {
      try {
        const { MessageId } = await client.send(
          new PublishCommand({
            PhoneNumber: to,
            Message: message,
            MessageAttributes: {
              'AWS.SNS.SMS.SMSType': text('Transactional'),
              ...(sender !== undefined && { 'AWS.SNS.SMS.SenderID': text(sender) }),
            },
          }),
          { abortSignal: signal },
        )
        if (typeof MessageId === 'string' && MessageId)
          return { outcome: 'accepted', messageId: MessageId.slice(0, 100) }
        return { outcome: 'unknown', reason: 'unreadable answer' }
      } catch (error) {
        return interpretError(error)
      }
    }
    return {
      name: 'sns',
      channels: ['sms'],
      send: (message, signal) =>
        signal.aborted ? abortOf(signal) : Promise.race([publish(message, signal), abortOf(signal)]),
    }
  },
})
