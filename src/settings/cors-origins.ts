/** Schemes whose pages send no origin of their own; `file:` is `null` to most browsers, as every sandboxed frame is. */
const WITHOUT_ORIGIN = new Set(['file:', 'data:', 'blob:', 'javascript:', 'about:', 'ws:', 'wss:', 'ftp:'])

/** Returns what a browser sends as `Origin` for an address: in small letters, without a default port; undefined for none. */
const originOf = (address: string): string | undefined => {
  if (!URL.canParse(address)) return undefined
  const { protocol, origin, host } = new URL(address)
  if (host === '' || host.includes('*') || WITHOUT_ORIGIN.has(protocol)) return undefined
  // Of schemes that it does not know, such as those of apps, the platform says no origin.
  return origin === 'null' ? `${protocol}//${host.toLowerCase()}` : origin
}

/** Makes the origins of `CORS_ORIGINS` what browsers send, and finds those that are none, with the right spelling. */
export const readCorsOrigins = (written: readonly string[]): { origins: string[]; faults: string[] } => {
  const origins: string[] = []
  const faults: string[] = []
  for (const address of written) {
    const origin = originOf(address)
    const isBare = origin !== undefined && /^[^/]+:\/\/[^/?#@]+\/?$/.test(address)
    if (isBare) origins.push(origin)
    else {
      const spelling = origin === undefined ? '' : `: write ${origin}`
      faults.push(
        `CORS_ORIGINS must be origins with commas between them (scheme, host and perhaps a port, without a *), not "${address}"${spelling}. For example: https://app.example.com`,
      )
    }
  }
  return { origins, faults }
}
