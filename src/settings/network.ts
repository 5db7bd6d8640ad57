import { Type } from 'typebox'
import { list } from './types.ts'

/** A user name with an optional password, percent-encoded. */
const USER = '(?:[^\\s/?#@%]|%[0-9A-Fa-f]{2})+'

const PORT = '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])'

const proxy = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: `^(?:(?:https?|socks5h?)://)?(?:${USER}@)?(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::${PORT})?/?$`,
      form: 'the URL of a proxy: http:// or socks5://, an optional user and password, a host and a port',
      description,
      examples: ['http://proxy.example.com:3128'],
      // It may hold a password.
      secret: true,
      lowerCase: true,
    }),
  )

/** Settings of outgoing requests. A part of `SettingsSchema`. */
export const NETWORK_SETTINGS = {
  HTTPS_PROXY: proxy(
    'Proxy for outgoing requests: to providers, human checks, number intelligence, breached passwords and `EVENTS_WEBHOOK_URL`. Also read as `https_proxy`.',
  ),
  HTTP_PROXY: proxy(
    'Proxy for outgoing requests to `http://` addresses, and for all requests if `HTTPS_PROXY` is not set.',
  ),
  NO_PROXY: list({
    default: [],
    description:
      'Hosts that are reached without the proxy: names with their subdomains, addresses, or `*` for all. This machine never uses the proxy.',
    examples: ['sms.example.com', '.internal.example.com'],
    lowerCase: true,
  }),
}
