import type { Provider } from '../core/delivery/ports.ts'
import type { Transport } from '../http-client/client.ts'
import type { ProviderDefinition } from '../providers/provider.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import type { AskPublic } from './public-address-check.ts'

/** A configured provider with its definition. */
export interface CheckedProvider {
  definition: ProviderDefinition
  provider: Provider
  /** A request that succeeds only with correct credentials and changes nothing; undefined if the provider has none. */
  probe: { url: string; headers: Record<string, string> } | undefined
}

/** The input of the providers check. */
export interface ProvidersInput {
  configured: readonly CheckedProvider[]
  /** Names of providers with invalid settings. */
  invalid: readonly string[]
  issuer: string | undefined
  transport: Transport
  ask: AskPublic
}

const TIMEOUT_MS = 5_000

const credentialFinding = async (
  { definition: { name }, probe }: CheckedProvider,
  transport: Transport,
): Promise<Finding> => {
  const looked = `SMS_PROVIDERS ${name}`
  const test = `npx doorcode sms test <your number>`
  if (!probe) return warning(looked, 'The credentials cannot be tested without a message.', `Test them with: ${test}`)
  const at = `${looked}, ${new URL(probe.url).host}`
  try {
    const { status } = await transport(
      { method: 'GET', url: probe.url, headers: { accept: 'application/json', ...probe.headers }, body: undefined },
      AbortSignal.timeout(TIMEOUT_MS),
    )
    if (status === 401)
      return fault(at, 'The provider rejects the credentials (HTTP 401).', 'Copy them again from your account.')
    if (status >= 200 && status <= 299) return ok(at, 'The provider accepts the credentials.')
    return warning(at, `The provider did not confirm the credentials (HTTP ${status}).`, `Test them with: ${test}`)
  } catch {
    return warning(
      at,
      'The provider cannot be reached from this machine.',
      `Allow connections to this host, and test with: ${test}`,
    )
  }
}

/** Sends an unsigned receipt, which the server must refuse. */
const receiptFinding = async (
  { definition, provider }: CheckedProvider,
  { issuer, ask }: ProvidersInput,
): Promise<Finding[]> => {
  const { name } = definition
  if (definition.receipts === undefined)
    return [ok(`receipts of ${name}`, 'The provider sends none, so the delivery status of messages is unknown.')]
  if (!provider.readReceipt)
    return [
      warning(
        `receipts of ${name}`,
        'Doorcode requests none, because the setting that verifies them is missing.',
        `Set it (docs/delivery.md): without receipts you do not learn that a message did not arrive.`,
      ),
    ]
  if (!issuer) return []
  const url = `${issuer}/webhooks/sms/${name}`
  try {
    const { status } = await ask(url, { method: 'POST', body: '{}' })
    if (status === 403) return [ok(url, 'Receipts arrive, and an unsigned one is refused.')]
    if (status >= 200 && status <= 299)
      return [fault(url, `An unsigned receipt was accepted (HTTP ${status}).`, 'Check which server responds there.')]
    return [
      fault(
        url,
        `Receipts do not arrive (HTTP ${status}).`,
        'Configure the proxy to forward POST requests of this path.',
      ),
    ]
  } catch (error) {
    return [
      fault(url, `Receipts do not arrive: ${(error as Error).message}.`, 'Configure the proxy to forward this path.'),
    ]
  }
}

/** Checks that there are enough real providers, that they accept the credentials, and that receipts arrive. */
export const checkProviders = async (input: ProvidersInput): Promise<Finding[]> => {
  const real = input.configured.filter(({ definition }) => definition.real)
  const looked = `SMS_PROVIDERS=${[...input.configured.map(({ definition }) => definition.name), ...input.invalid].join(',')}`
  if (input.invalid.length > 0)
    return [fault(looked, `The settings of ${input.invalid.join(', ')} are invalid.`, 'Fix the settings listed above.')]
  if (real.length === 0)
    return [fault(looked, 'No provider sends real messages.', 'For example: SMS_PROVIDERS=twilio,vonage')]
  const findings = [
    real.length > 1
      ? ok(looked, `${real.length} providers: when one fails, the next one takes over.`)
      : warning(looked, 'There is only one provider: when it fails, users cannot log in.', 'Add a second provider.'),
  ]
  for (const provider of real) {
    findings.push(await credentialFinding(provider, input.transport), ...(await receiptFinding(provider, input)))
  }
  return findings
}
