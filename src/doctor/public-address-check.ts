import { type Finding, fault, ok, warning } from './finding.ts'

/** An answer that came over the public address. */
export interface PublicAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  /** Of the connection; undefined where there was no TLS. `reason` says why it is not trusted. */
  certificate: { reason: string | undefined; validTo: Date } | undefined
}

/** Asks for a page as a stranger would, and trusts every certificate, to tell what is wrong with it. Throws when there is no answer. */
export type AskPublic = (
  url: string,
  options?: { method?: 'GET' | 'HEAD' | 'POST'; body?: string },
) => Promise<PublicAnswer>

/** What is looked at, and with what it is compared. */
export interface PublicLook {
  issuer: string | undefined
  /** The ids of the keys that this machine has. */
  kids: readonly string[]
  /** ms. */
  now: number
  ask: AskPublic
}

const DAY = 86_400_000
/** Whoever renews by a machine does it a month before; two weeks before the end that has failed. */
const FEW_DAYS = 14
/** A year: what preload lists ask for at least, and what our own header says (ASVS 3.4.1). */
const HSTS_AGE = 31_536_000

const jsonOf = ({ body }: PublicAnswer): Record<string, unknown> => {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** What is wrong with a certificate, or how long it is good for. */
export const certificateFinding = (looked: string, certificate: PublicAnswer['certificate'], now: number): Finding => {
  if (!certificate) return fault(looked, 'The connection has no TLS.', 'Put a proxy with a certificate in front.')
  const { reason, validTo } = certificate
  const left = Math.floor((validTo.getTime() - now) / DAY)
  const until = validTo.toISOString().slice(0, 10)
  if (left < 0)
    return fault(looked, `The certificate has expired on ${until}.`, 'Renew it, and find out why nobody did.')
  if (reason !== undefined)
    return fault(
      looked,
      `The certificate is not trusted: ${reason}.`,
      'Use one of a known authority, for this very host, with its whole chain.',
    )
  if (left < FEW_DAYS)
    return warning(
      looked,
      `The certificate expires in ${left} days, on ${until}.`,
      'Renew it, and see that it is renewed by a machine.',
    )
  return ok(looked, `The certificate is trusted for ${left} days more, until ${until}.`)
}

const hstsFinding = (looked: string, header: string | undefined): Finding => {
  const age = Number(/max-age=(\d+)/i.exec(header ?? '')?.[1] ?? 0)
  return age >= HSTS_AGE
    ? ok(looked, 'Strict-Transport-Security is on the answer.')
    : warning(
        looked,
        header === undefined
          ? 'Strict-Transport-Security is not on the answer.'
          : `Strict-Transport-Security says ${age} s.`,
        'Doorcode sends it with a year: see that the proxy leaves it as it is.',
      )
}

const keysFinding = (looked: string, answer: PublicAnswer, kids: readonly string[]): Finding => {
  const { keys } = jsonOf(answer)
  const published = (Array.isArray(keys) ? keys : []).map((key) => String((key as { kid?: unknown } | null)?.kid))
  const lacking = kids.filter((kid) => !published.includes(kid))
  const foreign = published.filter((kid) => !kids.includes(kid))
  if (answer.status !== 200 || published.length === 0)
    return fault(looked, `There are no keys (HTTP ${answer.status}).`, 'Find out what answers there.')
  if (lacking.length > 0)
    return fault(
      looked,
      `What answers there does not publish ${lacking.join(', ')}, which this machine has.`,
      'Give every instance the same keys: tokens of one are refused by the others.',
    )
  if (foreign.length > 0)
    return warning(
      looked,
      `What answers there publishes ${foreign.join(', ')} too, which this machine does not have.`,
      'Give every instance the same keys.',
    )
  return ok(looked, 'The keys are those that this machine has.')
}

/** The service as strangers reach it: TLS, who it says it is, its keys. */
export const checkPublicAddress = async ({ issuer, kids, now, ask }: PublicLook): Promise<Finding[]> => {
  if (issuer === undefined)
    return [fault('ISSUER', 'It is no https address, or not set.', 'For example: ISSUER=https://auth.example.com')]
  if (!issuer.startsWith('https:'))
    return [fault('ISSUER', 'The public address is not https.', 'For example: ISSUER=https://auth.example.com')]
  const metadata = `${issuer}/.well-known/oauth-authorization-server`
  let answer: PublicAnswer
  try {
    answer = await ask(metadata)
  } catch (error) {
    const found = `Nothing answers there: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}.`
    return [fault(metadata, found, 'Start the server and its proxy, or run the doctor where the public address leads.')]
  }
  const findings = [certificateFinding(metadata, answer.certificate, now)]
  if (answer.status !== 200) {
    const found = `The answer is HTTP ${answer.status}, not 200${answer.headers['location'] ? `, and leads to ${answer.headers['location']}` : ''}.`
    return [
      ...findings,
      fault(metadata, found, 'Let the proxy hand every path on to Doorcode, and set ISSUER to the address itself.'),
    ]
  }
  const said = jsonOf(answer)['issuer']
  findings.push(
    said === issuer
      ? ok(metadata, 'What answers there has the same ISSUER.')
      : fault(
          metadata,
          `What answers there says that it is ${typeof said === 'string' ? said : 'no Doorcode'}.`,
          'Set ISSUER to the same address everywhere: it is `iss` of every token.',
        ),
    hstsFinding(metadata, answer.headers['strict-transport-security']),
  )
  const jwks = `${issuer}/.well-known/jwks.json`
  try {
    findings.push(keysFinding(jwks, await ask(jwks), kids))
  } catch (error) {
    findings.push(
      fault(jwks, `Nothing answers there: ${(error as Error).message}.`, 'Let the proxy hand this path on too.'),
    )
  }
  return findings
}
