/**
 * Amazon SNS, action "Publish" to a phone number, API version 2010-03-31, through the client of the AWS SDK for
 * JavaScript 3. SNS reports deliveries only to CloudWatch Logs, and does not drop duplicates of messages to a number.
 */
import { Type } from 'typebox'
import type { CodeMessage, Provider, SendResult } from '../../core/delivery/ports.ts'
import { parseRetryAfter } from '../../http-client/client.ts'
import { interpretFault } from '../../http-client/wire-faults.ts'
import { acceptedAs, rejected, UNREADABLE } from '../answers.ts'
import { defineProvider } from '../define-provider.ts'
import { secretSetting, textSetting, urlSetting } from '../settings.ts'
import { handlerOver, loadSdk, WireFault } from './client.ts'

const DEFAULT_URL = 'https://sns.us-east-1.amazonaws.com'

/** The SDK's error for a response that is not a success; `Code` is the error's name in SNS. */
interface SdkError {
  name: string
  Code?: unknown
  message: string
  $metadata?: { httpStatusCode?: number }
  $response?: { statusCode?: number; headers?: Record<string, string> }
}

const PARAMETER_FAULTS = ['InvalidParameter', 'InvalidParameterValue']

/** Returns true if the number is at fault: it opted out, or SNS names it as the invalid parameter before the reason. */
const blamesNumber = (code: string | undefined, message: string): boolean =>
  code === 'OptedOut' ||
  (PARAMETER_FAULTS.includes(code ?? '') &&
    (/PhoneNumber/.test(message.split(' Reason:')[0] ?? '') || /opted out/i.test(message)))

const interpretError = (error: unknown): SendResult => {
  if (error instanceof WireFault) return interpretFault(error.cause ?? error)
  const { name, Code, message, $metadata, $response } = error as SdkError
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  // Without a status the SDK failed before it sent anything.
  if (status === undefined) return { outcome: 'failed', reason: /^\w{1,40}$/.test(name) ? name : 'SDK error' }
  if (status < 300) return UNREADABLE
  // Codes are words; other values may contain the number.
  const code = typeof Code === 'string' && /^[A-Za-z]{1,40}$/.test(Code) ? Code : undefined
  const retryAfter = parseRetryAfter($response?.headers?.['retry-after'])
  return rejected({ status, retryAfter }, code, blamesNumber(code, String(message)))
}

/** Resolves when the signal aborts, because the SDK ignores the signal while it looks for credentials. */
const abortOf = (signal: AbortSignal) =>
  new Promise<SendResult>((resolve) => {
    const aborted = () => resolve({ outcome: 'unknown', reason: 'no answer in time' })
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
  })

/** The definition of Amazon SNS. */
export const snsProvider = defineProvider({
  name: 'sns',
  real: true,
  document: { url: 'https://docs.aws.amazon.com/sns/latest/api/API_Publish.html', version: 'API 2010-03-31' },
  channels: ['sms'],
  settings: Type.Object({
    SNS_REGION: textSetting('^[a-z]{2,3}(-[a-z]+)+-\\d$', 'The region whose SNS sends.', 'eu-central-1'),
    SNS_ACCESS_KEY_ID: Type.Optional(
      textSetting(
        '^[A-Z0-9]{16,128}$',
        'The access key id. Without it the SDK uses its default sources, such as the role of the machine.',
        'AKIDEXAMPLE00000',
      ),
    ),
    SNS_SECRET_ACCESS_KEY: Type.Optional(
      secretSetting('The secret of that access key.', 'the secret shown when the key was made'),
    ),
    SNS_SENDER_ID: Type.Optional(
      textSetting(
        '^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$',
        'The sender name of the messages, in countries that allow one.',
        'Example',
      ),
    ),
    SNS_URL: urlSetting(DEFAULT_URL, 'The URL of SNS. The default is replaced by the endpoint of the region.'),
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
      const command = new PublishCommand({
        PhoneNumber: to,
        Message: message,
        MessageAttributes: {
          'AWS.SNS.SMS.SMSType': text('Transactional'),
          ...(sender !== undefined && { 'AWS.SNS.SMS.SenderID': text(sender) }),
        },
      })
      return client
        .send(command, { abortSignal: signal })
        .then(({ MessageId }) => acceptedAs(MessageId), interpretError)
    }
    return {
      name: 'sns',
      channels: ['sms'],
      send: (message, signal) =>
        signal.aborted ? abortOf(signal) : Promise.race([publish(message, signal), abortOf(signal)]),
    }
  },
})
