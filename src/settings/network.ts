import { Type } from 'typebox'
import { list } from './types.ts'

/** A name and perhaps a password, percent-encoded. */
const USER = '(?:[^\\s/?#@%]|%[0-9A-Fa-f]{2})+'

const PORT = '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])'

const proxy = (description: string) =>
  Type.Optional(
    Type.String({
      pattern: `^(?:(?:https?|socks5h?)://)?(?:${USER}@)?(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::${PORT})?/?$`,
      form: 'the address of a proxy: http:// or socks5://, perhaps a name and a password, a host and a port',
      description,
      examples: ['http://proxy.example.com:3128'],
      // It may hold a password.
      secret: true,
      lowerCase: true,
    }),
  )

/** Settings of the way out. */
export const NETWORK_SETTINGS = {
  HTTPS_PROXY: proxy(
    'Proxy for outgoing requests: to providers, human checks, number intelligence, breached passwords and `EVENTS_WEBHOOK_URL`. Also read as `https_proxy`.',
  ),
  HTTP_PROXY: proxy('The same for addresses with `http://`, and for all while `HTTPS_PROXY` is not set.'),
  NO_PROXY: list({
    default: [],
    description:
      'Hosts that are asked directly: names with their subdomains, addresses, `*` for all. This machine always is.',
    examples: ['sms.example.com', '.internal.example.com'],
    lowerCase: true,
  }),
}
