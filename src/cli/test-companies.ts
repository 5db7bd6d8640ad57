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

/** The longest one company may take, in ms. */
const LONGEST_SEND = 10_000

const HIDDEN = '***'

/** A request as lines of text, every secret in it replaced: given ones wherever they stand, credentials by their header. */
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

/** Keeps the scheme, which is no secret. */
const maskCredential = (value: string) => value.replace(/^(\S+)\s.*$/s, `$1 ${HIDDEN}`).replace(/^\S{20,}$/, HIDDEN)

/** A wire that shows the request and carries nothing. */
const dryWire =
  (show: (text: string) => void, secrets: readonly string[]): Transport =>
  async (request) => {
    show(`${requestText(request, secrets)}\n\n`)
    throw new Error('nothing was sent')
  }

/**
 * Sends a code through every company that has the channel, one after the other, and prints the outcome, the company's
 * message id and the time of each; a dry run prints the requests and sends nothing. What is sent here is not in the
 * ledger. Throws when the number lies in no country that codes may go to.
 */
export const testCompanies = async (
  { env, stdout }: World,
  { phone, channel: wanted, dryRun }: { phone: string; channel: string; dryRun: boolean },
): Promise<void> => {
  const channel = CHANNELS.find((known): known is Channel => known === wanted)
  if (!channel) throw new UsageError(`--channel is one of ${CHANNELS.join(', ')}, not "${wanted}".`)
  const { loaded, faults } = await loadExternal((env['SMS_PROVIDERS'] ?? '').split(',').map((name) => name.trim()))
  const definitions = [...loaded, ...providers]
  const settings = loadSettings({ env, providers: definitions, faults })
  const country = countryOf(phone)
  if (settings.SMS_COUNTRIES.length > 0 && !(country && settings.SMS_COUNTRIES.includes(country))) {
    throw new Error(`${phone} lies in ${country ?? 'no country'}, which SMS_COUNTRIES does not name.`)
  }

  const secrets = definitions
    .flatMap(({ settings: { properties } }) => Object.entries(properties))
    .filter(([, schema]) => (schema as { secret?: boolean }).secret)
    .map(([name]) => settings[name])
    .filter((value): value is string => typeof value === 'string')
  const print = (line: string) => void stdout.write(`${line}\n`)
  const tools = { print, keep: () => {}, now: Date.now }
  const transport = dryRun ? dryWire((text) => stdout.write(text), secrets) : createOutgoing(settings).transport
  const companies = await createProviders(settings, definitions, tools, transport)
  const having = companies.filter(({ channels }) => channels.includes(channel))
  if (having.length === 0) throw new Error(`No company of SMS_PROVIDERS has the channel "${channel}".`)

  const code = makeCode(settings.CODE_LENGTH)
  const words = createTextsFor(settings, domainOf(settings)).wordsFor({ locale: 'en', code })
  const rows: string[][] = []
  for (const company of having) {
    const message: CodeMessage = { ...words, sendId: randomUUID(), channel, to: phone, code }
    if (dryRun) stdout.write(`# ${company.name}\n`)
    const start = performance.now()
    const result = await company.send(message, AbortSignal.timeout(LONGEST_SEND))
    const took = `${Math.round(performance.now() - start)} ms`
    rows.push([
      company.name,
      result.outcome,
      result.outcome === 'accepted' ? (result.messageId ?? '-') : '-',
      took,
      result.outcome === 'accepted' ? '-' : result.reason,
    ])
  }
  if (!dryRun) stdout.write(columns(['COMPANY', 'OUTCOME', 'MESSAGE ID', 'TIME', 'REASON'], rows))
}
