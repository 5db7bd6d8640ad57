/** The token of Vonage's Voice API: https://developer.vonage.com/en/getting-started/concepts/authentication */
import { createPrivateKey, randomUUID } from 'node:crypto'
import { createSigner } from 'fast-jwt'

/** Validity of a token in seconds, which covers the difference of clocks. */
const LIFETIME = 300

/** Makes the signer of an RSA key in PEM, whose line ends may be written as `\n`. Throws for other keys. */
const createRsaSigner = (pem: string): ((claims: object) => string) => {
  try {
    // Parsed first, because fast-jwt trusts the PEM header.
    const key = createPrivateKey(pem.replaceAll('\\n', '\n')).export({ type: 'pkcs8', format: 'pem' })
    return createSigner({ algorithm: 'RS256', key })
  } catch {
    throw new Error('VONAGE_PRIVATE_KEY is not the private key of an application')
  }
}

/**
 * Makes a function that signs a new token (JWT, RS256) for one application, valid for five minutes. `now` returns Unix
 * ms. Throws when the key is not an RSA key.
 */
export const createTokenSigner = (application: string, pem: string, now: () => number): (() => string) => {
  const sign = createRsaSigner(pem)
  return () => {
    const iat = Math.floor(now() / 1_000)
    return sign({ application_id: application, iat, exp: iat + LIFETIME, jti: randomUUID() })
  }
}
