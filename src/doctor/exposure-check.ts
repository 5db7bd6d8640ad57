import ipaddr from 'ipaddr.js'
import { type Finding, fault, ok, warning } from './finding.ts'
import { type AskPublic, certificateFinding } from './public-address-check.ts'

/** The input of the checks of admin API, CORS and events. */
export interface ExposureLook {
  adminPort: number | undefined
  adminHost: string
  corsOrigins: readonly string[]
  eventsUrl: string | undefined
  /** Undelivered events; undefined if the database could not be read. */
  events: { abandoned: number; waiting: number } | undefined
  /** Unix time in ms. */
  now: number
  ask: AskPublic
}

const isLocal = (host: string): boolean => {
  if (host === 'localhost') return true
  if (!ipaddr.isValid(host)) return false
  return ['loopback', 'private', 'uniqueLocal', 'linkLocal'].includes(ipaddr.process(host).range())
}

/** Checks that the admin API listens only on a private address. */
export const checkAdminPort = ({ adminPort, adminHost }: Pick<ExposureLook, 'adminPort' | 'adminHost'>): Finding[] => {
  if (adminPort === undefined) return [ok('ADMIN_PORT', 'The admin API is off.')]
  const looked = `ADMIN_HOST=${adminHost}, port ${adminPort}`
  if (isLocal(adminHost)) return [ok(looked, 'The admin API listens on a private address.')]
  return [
    adminHost === '0.0.0.0' || adminHost === '::'
      ? warning(
          looked,
          'The admin API listens on every address of this machine.',
          'Set it to the private address. In a container, do not publish the port.',
        )
      : fault(looked, 'The admin API listens on a public address.', 'For example: ADMIN_HOST=127.0.0.1'),
  ]
}

/** Checks the origins whose scripts may call the API. */
export const checkCors = ({ corsOrigins }: Pick<ExposureLook, 'corsOrigins'>): Finding[] => {
  if (corsOrigins.length === 0) return [ok('CORS_ORIGINS', 'Scripts of other origins cannot call the API.')]
  const plain = corsOrigins.filter((origin) => origin.startsWith('http:'))
  return plain.length > 0
    ? plain.map((origin) =>
        warning(
          `CORS_ORIGINS=${origin}`,
          'An attacker on the network can inject a script into this page.',
          'Remove it, or use its https origin.',
        ),
      )
    : [ok('CORS_ORIGINS', `Scripts of ${corsOrigins.join(', ')} may call the API; none uses plain http.`)]
}

/** Checks the webhook that receives events about locks, blocks and budgets. */
export const checkEvents = async ({ eventsUrl, events, now, ask }: ExposureLook): Promise<Finding[]> => {
  if (eventsUrl === undefined)
    return [
      warning(
        'EVENTS_WEBHOOK_URL',
        'You receive no events about locked accounts, blocked prefixes and empty budgets.',
        'For example: EVENTS_WEBHOOK_URL=https://ops.example.com/doorcode (docs/audit.md)',
      ),
    ]
  const looked = `EVENTS_WEBHOOK_URL ${new URL(eventsUrl).origin}`
  const findings: Finding[] = []
  try {
    const { certificate } = await ask(eventsUrl, { method: 'HEAD' })
    findings.push(
      eventsUrl.startsWith('http:')
        ? ok(looked, 'The webhook on this machine responds.')
        : certificateFinding(looked, certificate, now),
    )
  } catch (error) {
    findings.push(
      fault(
        looked,
        `The webhook does not respond: ${(error as NodeJS.ErrnoException).code ?? 'no response'}.`,
        'Start it, or correct the address.',
      ),
    )
  }
  if (events && events.abandoned + events.waiting > 0)
    findings.push(
      warning(
        'events of the last day',
        `${events.abandoned} were abandoned, and ${events.waiting} have been waiting for more than an hour.`,
        'Check the log for event_not_delivered, and return 2xx from the webhook.',
      ),
    )
  return findings
}
