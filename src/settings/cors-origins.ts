/** Schemes without a usable origin: browsers send `null` for `file:`, as for every sandboxed frame. */
const WITHOUT_ORIGIN = new Set(['file:', 'data:', 'blob:', 'javascript:', 'about:', 'ws:', 'wss:', 'ftp:'])

/** Returns the `Origin` that a browser sends for an address: lower case, without a default port; undefined if it sends none. */
const originOf = (address: string): string | undefined => {
  if (!URL.canParse(address)) return undefined
  const { protocol, origin, host } = new URL(address)
  if (host === '' || host.includes('*') || WITHOUT_ORIGIN.has(protocol)) return undefined
  // The URL class returns the origin "null" for schemes it does not know, such as those of apps.
  return origin === 'null' ? `${protocol}//${host.toLowerCase()}` : origin
}

/** Normalizes the origins of `CORS_ORIGINS` to the form that browsers send. Reports invalid ones with the correct spelling. */
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
        `CORS_ORIGINS must be origins separated by commas (scheme, host and optionally a port, without *), not "${address}"${spelling}. For example: https://app.example.com`,
      )
    }
  }
  return { origins, faults }
}
