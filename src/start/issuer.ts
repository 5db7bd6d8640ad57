import type { Settings } from '../settings/schema.ts'

/** Returns the host of a URL that leads to this listener; a wildcard address leads nowhere. */
const hostOf = (host: string) => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** Returns the public address of this service, or, where none is set, the one it listens on. */
export const issuerOf = ({ ISSUER, HOST, PORT }: Settings): string => ISSUER ?? `http://${hostOf(HOST)}:${PORT}`

/** Returns the domain of texts: the issuer's unless it is set. An IPv6 address cannot stand there. */
export const domainOf = (settings: Settings): string => {
  if (settings.SMS_DOMAIN !== undefined) return settings.SMS_DOMAIN
  const { hostname } = new URL(issuerOf(settings))
  return hostname.startsWith('[') ? 'localhost' : hostname
}
