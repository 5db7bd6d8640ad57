/** The token that Vonage's Voice API wants: https://developer.vonage.com/en/getting-started/concepts/authentication */
import { createPrivateKey, randomUUID } from 'node:crypto'
import { createSigner } from 'fast-jwt'

/** How long a token is valid, in seconds: as long as clocks may differ. */
const LIFETIME = 300

/** Creates the signer of an RSA key in PEM, whose line ends may be written out. Throws for any other key. */
const createRsaSigner = (pem: string): ((claims: object) => string) => {
  try {
    // Read first, because fast-jwt believes a PEM header.
    const key = createPrivateKey(pem.replaceAll('\\n', '\n')).export({ type: 'pkcs8', format: 'pem' })
    return createSigner({ algorithm: 'RS256', key })
  } catch {
    throw new Error('VONAGE_PRIVATE_KEY is not the private key of an application')
  }
}

/**
 * Creates a function that signs a new token (JWT, RS256) for one application, valid for five minutes. `now` is Unix
 * time, ms. Throws when the key is not an RSA key.
 */
export const createTokenSigner = (application: string, pem: string, now: () => number): (() => string) => {
  const sign = createRsaSigner(pem)
  return () => {
    const iat = Math.floor(now() / 1_000)
    return sign({ application_id: application, iat, exp: iat + LIFETIME, jti: randomUUID() })
  }
}
