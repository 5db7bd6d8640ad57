import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A certificate and its key, in PEM. */
export interface TestCertificate {
  cert: string
  key: string
}

// Encodes the part of DER (X.690) that a certificate needs.
const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts)
const text = (tag: number, value: string) => der(tag, Buffer.from(value))
const hex = (value: string) => Buffer.from(value, 'hex')

const ECDSA_WITH_SHA256 = sequence(der(0x06, hex('2a8648ce3d040302')))
const COMMON_NAME = der(0x06, hex('550403'))
const ALTERNATIVE_NAMES = der(0x06, hex('551d11'))
const BASIC_CONSTRAINTS = der(0x06, hex('551d13'))

const timeOf = (date: Date) => text(0x18, date.toISOString().replaceAll(/[-:T]|\.\d+/g, ''))

const pem = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`

const signed = (privateKey: KeyObject, tbs: Buffer) =>
  sequence(tbs, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), sign('sha256', tbs, privateKey)))

/** Makes a self-signed certificate (RFC 5280) for one host name. */
export const makeCertificate = ({
  host = 'localhost',
  from = new Date(Date.now() - 3_600_000),
  to,
}: {
  host?: string
  from?: Date
  to: Date
}): TestCertificate => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(der(0x31, sequence(COMMON_NAME, text(0x0c, host))))
  const extensions = sequence(
    sequence(ALTERNATIVE_NAMES, der(0x04, sequence(text(0x82, host)))),
    sequence(BASIC_CONSTRAINTS, der(0x04, sequence(der(0x01, Buffer.from([0xff]))))),
  )
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    sequence(timeOf(from), timeOf(to)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, extensions),
  )
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return { cert: pem('CERTIFICATE', signed(createPrivateKey(key), tbs)), key }
}
