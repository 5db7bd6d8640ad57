import ipaddr from 'ipaddr.js'
import { type Finding, fault, ok, warning } from './finding.ts'
import { type AskPublic, certificateFinding } from './public-address-check.ts'

/** What faces whom. */
export interface ExposureLook {
  adminPort: number | undefined
  adminHost: string
  corsOrigins: readonly string[]
  eventsUrl: string | undefined
  /** Events that nobody could be told of; undefined where nobody could look. */
  events: { abandoned: number; waiting: number } | undefined
  /** ms. */
  now: number
  ask: AskPublic
}

const isLocal = (host: string): boolean => {
  if (host === 'localhost') return true
  if (!ipaddr.isValid(host)) return false
  return ['loopback', 'private', 'uniqueLocal', 'linkLocal'].includes(ipaddr.process(host).range())
}

/** The admin API, which only your own backends may reach. */
export const checkAdminPort = ({ adminPort, adminHost }: Pick<ExposureLook, 'adminPort' | 'adminHost'>): Finding[] => {
  if (adminPort === undefined) return [ok('ADMIN_PORT', 'It is not set: there is no admin API.')]
  const looked = `ADMIN_HOST=${adminHost}, port ${adminPort}`
  if (isLocal(adminHost)) return [ok(looked, 'The admin API listens where only your own machines reach it.')]
  return [
    adminHost === '0.0.0.0' || adminHost === '::'
      ? warning(
          looked,
          'The admin API listens on every address of this machine.',
          'Name the private one, or, in a container, do not publish the port.',
        )
      : fault(looked, 'The admin API listens on a public address.', 'For example: ADMIN_HOST=127.0.0.1'),
  ]
}

/** Whose scripts may call us. */
export const checkCors = ({ corsOrigins }: Pick<ExposureLook, 'corsOrigins'>): Finding[] => {
  if (corsOrigins.length === 0) return [ok('CORS_ORIGINS', 'No script of another origin may call.')]
  const plain = corsOrigins.filter((origin) => origin.startsWith('http:'))
  return plain.length > 0
    ? plain.map((origin) =>
        warning(
          `CORS_ORIGINS=${origin}`,
          'Whoever sits on the way can put a script of their own into that page.',
          'Take it out, or use its https origin.',
        ),
      )
    : [ok('CORS_ORIGINS', `Scripts of ${corsOrigins.join(', ')} may call, none of them over plain http.`)]
}

/** Who is told of locks, blocks and budgets. */
export const checkEvents = async ({ eventsUrl, events, now, ask }: ExposureLook): Promise<Finding[]> => {
  if (eventsUrl === undefined)
    return [
      warning(
        'EVENTS_WEBHOOK_URL',
        'Nobody is told when accounts are locked, prefixes blocked or budgets used up.',
        'For example: EVENTS_WEBHOOK_URL=https://ops.example.com/doorcode (docs/audit.md)',
      ),
    ]
  const looked = `EVENTS_WEBHOOK_URL ${new URL(eventsUrl).origin}`
  const findings: Finding[] = []
  try {
    const { certificate } = await ask(eventsUrl, { method: 'HEAD' })
    findings.push(
      eventsUrl.startsWith('http:')
        ? ok(looked, 'It is on this machine, and answers.')
        : certificateFinding(looked, certificate, now),
    )
  } catch (error) {
    findings.push(
      fault(
        looked,
        `Nothing answers there: ${(error as NodeJS.ErrnoException).code ?? 'no answer'}.`,
        'Start it, or mend the address.',
      ),
    )
  }
  if (events && events.abandoned + events.waiting > 0)
    findings.push(
      warning(
        'events of the last day',
        `${events.abandoned} were given up and ${events.waiting} wait for longer than an hour.`,
        'Look into the log for event_not_delivered, and answer 2xx where you receive them.',
      ),
    )
  return findings
}
