import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { makeCode } from '../core/challenge/code.ts'
import { CHANNELS, type Channel, type CodeMessage } from '../core/delivery/ports.ts'
import { countryOf } from '../factors/sms/phone-number.ts'
import type { Transport, WireRequest } from '../http-client/client.ts'
import { createOutgoing } from '../http-client/outgoing.ts'
import { loadExternal } from '../providers/external.ts'
import { providers } from '../providers/index.ts'
import { loadSettings } from '../settings/load.ts'
import { domainOf } from '../start/issuer.ts'
import { createProviders } from '../start/providers.ts'
import { createTextsFor } from '../start/texts.ts'
import { UsageError, type World } from './command.ts'
import { columns } from './table.ts'

/** Timeout of one provider in ms. */
const SEND_TIMEOUT_MS = 10_000

const HIDDEN = '***'

/** Formats a request as text, with known secrets and the credentials of its headers masked. */
const requestText = ({ method, url, headers, body }: WireRequest, secrets: readonly string[]): string => {
  const lines = [
    `${method} ${url}`,
    ...Object.entries(headers).map(
      ([name, value]) => `${name}: ${name === 'authorization' ? maskCredential(value) : value}`,
    ),
    ...(body === undefined ? [] : ['', body]),
  ]
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
    .reduce((text, secret) => text.replaceAll(secret, HIDDEN), lines.join('\n'))
}

/** Masks a credential and keeps its scheme, which is not secret. */
const maskCredential = (value: string) => value.replace(/^(\S+)\s.*$/s, `$1 ${HIDDEN}`).replace(/^\S{20,}$/, HIDDEN)

/** Returns a transport that prints the request and sends nothing. */
const dryTransport =
  (show: (text: string) => void, secrets: readonly string[]): Transport =>
  async (request) => {
    show(`${requestText(request, secrets)}\n\n`)
    throw new Error('not sent (dry run)')
  }

/**
 * Sends a code through every provider of the channel in turn, and prints the outcome, message id and time of each. A dry
 * run prints the requests and sends nothing. The ledger does not record these sends. Throws if `SMS_COUNTRIES` does not list
 * the country of the number.
 */
export const testProviders = async (
  { env, stdout }: World,
  { phone, channel: wanted, dryRun }: { phone: string; channel: string; dryRun: boolean },
): Promise<void> => {
  const channel = CHANNELS.find((known): known is Channel => known === wanted)
  if (!channel) throw new UsageError(`--channel must be one of ${CHANNELS.join(', ')}, not "${wanted}".`)
  const { loaded, faults } = await loadExternal((env['SMS_PROVIDERS'] ?? '').split(',').map((name) => name.trim()))
  const definitions = [...loaded, ...providers]
  const settings = loadSettings({ env, providers: definitions, faults })
  const country = countryOf(phone)
  if (settings.SMS_COUNTRIES.length > 0 && !(country && settings.SMS_COUNTRIES.includes(country))) {
    throw new Error(`${phone} is in ${country ?? 'no country'}, which SMS_COUNTRIES does not list.`)
  }

  const secrets = definitions
    .flatMap(({ settings: { properties } }) => Object.entries(properties))
    .filter(([, schema]) => (schema as { secret?: boolean }).secret)
    .map(([name]) => settings[name])
    .filter((value): value is string => typeof value === 'string')
  const print = (line: string) => void stdout.write(`${line}\n`)
  const tools = { print, keep: () => {}, now: Date.now }
  const transport = dryRun ? dryTransport((text) => stdout.write(text), secrets) : createOutgoing(settings).transport
  const all = await createProviders(settings, definitions, tools, transport)
  const tested = all.filter(({ channels }) => channels.includes(channel))
  if (tested.length === 0) throw new Error(`No provider in SMS_PROVIDERS has the channel "${channel}".`)

  const code = makeCode(settings.CODE_LENGTH)
  const words = createTextsFor(settings, domainOf(settings)).wordsFor({ locale: 'en', code })
  const rows: string[][] = []
  for (const provider of tested) {
    const message: CodeMessage = { ...words, sendId: randomUUID(), channel, to: phone, code }
    if (dryRun) stdout.write(`# ${provider.name}\n`)
    const start = performance.now()
    const result = await provider.send(message, AbortSignal.timeout(SEND_TIMEOUT_MS))
    const took = `${Math.round(performance.now() - start)} ms`
    rows.push([
      provider.name,
      result.outcome,
      result.outcome === 'accepted' ? (result.messageId ?? '-') : '-',
      took,
      result.outcome === 'accepted' ? '-' : result.reason,
    ])
  }
  if (!dryRun) stdout.write(columns(['PROVIDER', 'OUTCOME', 'MESSAGE ID', 'TIME', 'REASON'], rows))
}
