/** The checks of the headers and the URL in the settings. */
import { BlockList, isIP } from 'node:net'
import { hasPlaceholder } from './template.ts'

/** Headers that belong to the connection, not to the gateway. A request with one of them would fail. */
const OURS = ['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']

/** Reads `Name: value` lines, separated by line breaks or `|`. Throws for a line that is not a header. */
export const parseHeaders = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(/[|\n]/)
      .map((line) => line.trim())
      .filter(Boolean)
      .map((line) => {
        const [, name, value] = /^([\w!#$%&'*+.^`~-]+):[ \t]*([\x20-\x7e]+)$/.exec(line) ?? []
        if (!name || !value) {
          throw new Error(
            'WEBHOOK_HEADERS has a part that is not "Name: value". For example: Authorization: Bearer abc',
          )
        }
        if (OURS.includes(name.toLowerCase())) {
          throw new Error(`WEBHOOK_HEADERS must not set "${name}". For example: Authorization: Bearer abc`)
        }
        if (hasPlaceholder(value)) {
          throw new Error(
            `WEBHOOK_HEADERS has a placeholder in "${name}", where none is filled. For example: X-Account: 7`,
          )
        }
        return [name.toLowerCase(), value.trim()]
      }),
  )

/** Addresses of the machine's credentials service, which must not be a gateway. */
const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('169.254.0.0', 16)
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')
// Not link-local, but the IPv6 address of the credentials service on EC2.
LINK_LOCAL.addAddress('fd00:ec2::254', 'ipv6')

const isLinkLocal = (host: string): boolean => {
  const address = host.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  return version !== 0 && LINK_LOCAL.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/** Throws for a URL that is not HTTP, contains credentials, has a placeholder in the host, or is link-local. */
export const checkUrl = (template: string): void => {
  const url = URL.parse(template.replaceAll(/[{}]/g, ''))
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new Error('WEBHOOK_URL is not an HTTP URL. For example: https://sms.example.com/send')
  }
  if (url.username || url.password) {
    throw new Error(
      'WEBHOOK_URL must not hold credentials: put them into WEBHOOK_HEADERS. For example: Authorization: Basic abc',
    )
  }
  // A number must not choose the host, and the part after `#` is never sent.
  if (!/^https?:\/\/[^/?#\\{}]+(?:[/?][^#]*)?$/i.test(template)) {
    throw new Error(
      'WEBHOOK_URL must have a host without placeholders and no "#". For example: https://sms.example.com/send',
    )
  }
  if (isLinkLocal(url.hostname))
    throw new Error('WEBHOOK_URL leads to a link-local address. For example: https://sms.example.com/send')
}
