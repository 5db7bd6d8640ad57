import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** Encodes a value in DER (X.690 §8.1). */
const der = (tag: number, ...contents: (Buffer | string)[]): Buffer => {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)))
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const SEQUENCE = 0x30

/** Creates a self-signed certificate for 127.0.0.1 (RFC 5280 §4.1). */
const selfSigned = (): { key: string; cert: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = der(SEQUENCE, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const commonName = der(SEQUENCE, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, '127.0.0.1'))
  const name = der(SEQUENCE, der(0x31, commonName))
  const alternativeName = der(
    SEQUENCE,
    der(0x06, Buffer.from('551d11', 'hex')),
    der(0x04, der(SEQUENCE, der(0x87, Buffer.from([127, 0, 0, 1])))),
  )
  const content = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    der(SEQUENCE, der(0x17, '200101000000Z'), der(0x17, '490101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, alternativeName)),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey))
  const cert = der(SEQUENCE, content, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${cert.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

/** A TLS server on 127.0.0.1 that impersonates a provider with an untrusted certificate. */
export interface Impostor {
  url: string
  /** Returns the number of received requests. */
  requests: () => number
  close: () => Promise<void>
}

/** Starts an impostor that accepts every request until it is closed. */
export const startImpostor = async (): Promise<Impostor> => {
  let requests = 0
  const server = createServer(selfSigned(), (_request, response) => {
    requests += 1
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
