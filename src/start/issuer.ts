import type { Settings } from '../settings/schema.ts'

/** Returns the host for a URL of this listener; a wildcard address becomes 127.0.0.1. */
const hostOf = (host: string) => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** Returns the public address of this service, `ISSUER`, or by default the address that it listens on. */
export const issuerOf = ({ ISSUER, HOST, PORT }: Settings): string => ISSUER ?? `http://${hostOf(HOST)}:${PORT}`

/**
 * Returns the domain in message texts: `SMS_DOMAIN`, or the issuer's. An IPv6 address, which is not valid there,
 * becomes localhost.
 */
export const domainOf = (settings: Settings): string => {
  if (settings.SMS_DOMAIN !== undefined) return settings.SMS_DOMAIN
  const { hostname } = new URL(issuerOf(settings))
  return hostname.startsWith('[') ? 'localhost' : hostname
}
