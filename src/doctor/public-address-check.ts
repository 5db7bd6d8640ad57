import { type Finding, fault, ok, warning } from './finding.ts'

/** A response from the public address. */
export interface PublicAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  /** Certificate of the connection; undefined without TLS. `reason` explains why it is not trusted. */
  certificate: { reason: string | undefined; validTo: Date } | undefined
}

/** Requests a page as any client would, and accepts every certificate to report its faults. Throws without a response. */
export type AskPublic = (
  url: string,
  options?: { method?: 'GET' | 'HEAD' | 'POST'; body?: string },
) => Promise<PublicAnswer>

/** The input of the check of the public address. */
export interface PublicLook {
  issuer: string | undefined
  /** Ids of the keys on this machine. */
  kids: readonly string[]
  /** Unix time in ms. */
  now: number
  ask: AskPublic
}

const DAY = 86_400_000
/** Automatic renewal runs a month before the expiry; two weeks before, it has failed. */
const FEW_DAYS = 14
/** One year in seconds: the minimum of preload lists, and the value that Doorcode sends (ASVS 3.4.1). */
const HSTS_AGE = 31_536_000

const jsonOf = ({ body }: PublicAnswer): Record<string, unknown> => {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Checks trust and expiry of a certificate. */
export const certificateFinding = (looked: string, certificate: PublicAnswer['certificate'], now: number): Finding => {
  if (!certificate) return fault(looked, 'The connection has no TLS.', 'Add a proxy that terminates TLS.')
  const { reason, validTo } = certificate
  const left = Math.floor((validTo.getTime() - now) / DAY)
  const until = validTo.toISOString().slice(0, 10)
  if (left < 0) return fault(looked, `The certificate expired on ${until}.`, 'Renew it, and check why renewal failed.')
  if (reason !== undefined)
    return fault(
      looked,
      `The certificate is not trusted: ${reason}.`,
      'Use a certificate of a trusted authority for this host, with the full chain.',
    )
  if (left < FEW_DAYS)
    return warning(
      looked,
      `The certificate expires in ${left} days, on ${until}.`,
      'Renew it, and automate the renewal.',
    )
  return ok(looked, `The certificate is trusted and expires in ${left} days, on ${until}.`)
}

const hstsFinding = (looked: string, header: string | undefined): Finding => {
  const age = Number(/max-age=(\d+)/i.exec(header ?? '')?.[1] ?? 0)
  return age >= HSTS_AGE
    ? ok(looked, 'The response has Strict-Transport-Security.')
    : warning(
        looked,
        header === undefined
          ? 'The response has no Strict-Transport-Security.'
          : `Strict-Transport-Security has only ${age} s.`,
        'Doorcode sends one year: configure the proxy to keep this header.',
      )
}

const keysFinding = (looked: string, answer: PublicAnswer, kids: readonly string[]): Finding => {
  const { keys } = jsonOf(answer)
  const published = (Array.isArray(keys) ? keys : []).map((key) => String((key as { kid?: unknown } | null)?.kid))
  const lacking = kids.filter((kid) => !published.includes(kid))
  const foreign = published.filter((kid) => !kids.includes(kid))
  if (answer.status !== 200 || published.length === 0)
    return fault(looked, `The response has no keys (HTTP ${answer.status}).`, 'Check which server responds there.')
  if (lacking.length > 0)
    return fault(
      looked,
      `The server does not publish ${lacking.join(', ')}, which this machine has.`,
      'Give every instance the same keys; otherwise instances reject the tokens of others.',
    )
  if (foreign.length > 0)
    return warning(
      looked,
      `The server also publishes ${foreign.join(', ')}, which this machine does not have.`,
      'Give every instance the same keys.',
    )
  return ok(looked, 'The published keys match the keys of this machine.')
}

/** Checks TLS, issuer and keys of the service at its public address. */
export const checkPublicAddress = async ({ issuer, kids, now, ask }: PublicLook): Promise<Finding[]> => {
  if (issuer === undefined)
    return [fault('ISSUER', 'It is not set, or not an https URL.', 'For example: ISSUER=https://auth.example.com')]
  if (!issuer.startsWith('https:'))
    return [fault('ISSUER', 'The public address is not https.', 'For example: ISSUER=https://auth.example.com')]
  const metadata = `${issuer}/.well-known/oauth-authorization-server`
  let answer: PublicAnswer
  try {
    answer = await ask(metadata)
  } catch (error) {
    const found = `The public address does not respond: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}.`
    return [fault(metadata, found, 'Start the server and its proxy, or run the doctor on a machine that reaches them.')]
  }
  const findings = [certificateFinding(metadata, answer.certificate, now)]
  if (answer.status !== 200) {
    const found = `The response is HTTP ${answer.status}, not 200${answer.headers['location'] ? `, and redirects to ${answer.headers['location']}` : ''}.`
    return [
      ...findings,
      fault(
        metadata,
        found,
        'Configure the proxy to forward every path to Doorcode, and set ISSUER to the address without redirects.',
      ),
    ]
  }
  const said = jsonOf(answer)['issuer']
  findings.push(
    said === issuer
      ? ok(metadata, 'The server has the same ISSUER.')
      : fault(
          metadata,
          typeof said === 'string'
            ? `The server has the ISSUER ${said}.`
            : 'The response has no issuer: this is not Doorcode.',
          'Set ISSUER to the same address everywhere: it is `iss` of every token.',
        ),
    hstsFinding(metadata, answer.headers['strict-transport-security']),
  )
  const jwks = `${issuer}/.well-known/jwks.json`
  try {
    findings.push(keysFinding(jwks, await ask(jwks), kids))
  } catch (error) {
    findings.push(
      fault(
        jwks,
        `The server does not respond: ${(error as Error).message}.`,
        'Configure the proxy to forward this path too.',
      ),
    )
  }
  return findings
}
