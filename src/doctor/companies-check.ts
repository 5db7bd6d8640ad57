import type { Provider } from '../core/delivery/ports.ts'
import type { Transport } from '../http-client/client.ts'
import type { ProviderDefinition } from '../providers/provider.ts'
import { type Finding, fault, ok, warning } from './finding.ts'
import type { AskPublic } from './public-address-check.ts'

/** A company that is named: what is known of it, and what was made of it by these settings. */
export interface LookedAtCompany {
  definition: ProviderDefinition
  provider: Provider
  /** A request that succeeds with the right credentials alone and changes nothing; undefined where none is known. */
  probe: { url: string; headers: Record<string, string> } | undefined
}

/** What is looked at, and with what. */
export interface CompaniesLook {
  companies: readonly LookedAtCompany[]
  /** The names of those whose settings are not right. */
  unsound: readonly string[]
  issuer: string | undefined
  transport: Transport
  ask: AskPublic
}

const LONGEST = 5_000

const credentialFinding = async (
  { definition: { name }, probe }: LookedAtCompany,
  transport: Transport,
): Promise<Finding> => {
  const looked = `SMS_PROVIDERS ${name}`
  const test = `npx doorcode sms test <a number of yours>`
  if (!probe) return warning(looked, 'There is no harmless way to try its credentials.', `Make sure with: ${test}`)
  const at = `${looked}, ${new URL(probe.url).host}`
  try {
    const { status } = await transport(
      { method: 'GET', url: probe.url, headers: { accept: 'application/json', ...probe.headers }, body: undefined },
      AbortSignal.timeout(LONGEST),
    )
    if (status === 401)
      return fault(at, 'The company refuses the credentials (HTTP 401).', 'Copy them from your account again.')
    if (status >= 200 && status <= 299) return ok(at, 'The company takes the credentials.')
    return warning(
      at,
      `The company could not say whether the credentials are right (HTTP ${status}).`,
      `Make sure with: ${test}`,
    )
  } catch {
    return warning(
      at,
      'The company cannot be reached from here.',
      `Let this machine out to it, and make sure with: ${test}`,
    )
  }
}

/** A receipt that nobody signed must be refused, by a server that knows the company. */
const receiptFinding = async (
  { definition, provider }: LookedAtCompany,
  { issuer, ask }: CompaniesLook,
): Promise<Finding[]> => {
  const { name } = definition
  if (definition.receipts === undefined)
    return [ok(`receipts of ${name}`, 'It sends none: what became of a message is not known.')]
  if (!provider.readReceipt)
    return [
      warning(
        `receipts of ${name}`,
        'None are asked for, as what they are signed with is not set.',
        `Set it (docs/delivery.md): without receipts nobody learns that a message did not arrive.`,
      ),
    ]
  if (!issuer) return []
  const url = `${issuer}/webhooks/sms/${name}`
  try {
    const { status } = await ask(url, { method: 'POST', body: '{}' })
    if (status === 403) return [ok(url, 'Receipts arrive, and one without a signature is refused.')]
    if (status >= 200 && status <= 299)
      return [fault(url, `A receipt that nobody signed was taken (HTTP ${status}).`, 'Find out what answers there.')]
    return [fault(url, `Receipts do not arrive (HTTP ${status}).`, 'Let the proxy hand this path on, by POST.')]
  } catch (error) {
    return [fault(url, `Receipts do not arrive: ${(error as Error).message}.`, 'Let the proxy hand this path on.')]
  }
}

/** The companies: enough of them, real ones, with credentials that they take and receipts that reach us. */
export const checkCompanies = async (look: CompaniesLook): Promise<Finding[]> => {
  const real = look.companies.filter(({ definition }) => definition.real)
  const looked = `SMS_PROVIDERS=${[...look.companies.map(({ definition }) => definition.name), ...look.unsound].join(',')}`
  if (look.unsound.length > 0)
    return [fault(looked, `The settings of ${look.unsound.join(', ')} are not right.`, 'Mend them as said above.')]
  if (real.length === 0)
    return [fault(looked, 'No real company is named: no phone would ring.', 'For example: SMS_PROVIDERS=twilio,vonage')]
  const findings = [
    real.length > 1
      ? ok(looked, `${real.length} companies: when one is down the next one takes over.`)
      : warning(looked, 'There is one company: when it is down nobody can log in.', 'Name a second one behind it.'),
  ]
  for (const company of real) {
    findings.push(await credentialFinding(company, look.transport), ...(await receiptFinding(company, look)))
  }
  return findings
}
