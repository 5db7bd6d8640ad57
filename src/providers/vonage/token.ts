/** The token that Vonage's Voice API wants: https://developer.vonage.com/en/getting-started/concepts/authentication */
import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto'

/** How long a token serves, in seconds: as long as clocks may differ. */
const LIFETIME = 300

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Where a setting must stand on one line, its line ends are written out. */
const parseKey = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch {
    return undefined
  }
}

/**
 * Makes what signs a token (JWT, RS256) for one application: each is new, and serves for five minutes. Throws when the
 * key is no RSA key.
 */
export const createTokenSigner = (application: string, pem: string): (() => string) => {
  const key = parseKey(pem)
  if (key?.asymmetricKeyType !== 'rsa') throw new Error('VONAGE_PRIVATE_KEY is not the private key of an application')
  return () => {
    const iat = Math.floor(Date.now() / 1_000)
    const claims = { application_id: application, iat, exp: iat + LIFETIME, jti: randomUUID() }
    const input = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
  }
}
