/**
 * Telnyx's receipts: JSON about messages ("Receiving Webhooks for Messaging"), forms about calls ("TeXML call
 * completed"), both signed the same way. https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../core/delivery/ports.ts'
import { isObject } from '../../http-client/client.ts'

type Report = Pick<Receipt, 'messageId' | 'status' | 'reason' | 'sendId'>

/** How old, or how far ahead, the signed time may be, in ms. */
const TOLERANCE = 300_000

/** How far a message or a call has come; what is not here is of no interest. */
const STATUSES: Readonly<Record<string, Receipt['status']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  delivery_failed: 'undelivered',
  expired: 'undelivered',
  sending_failed: 'failed',
  completed: 'delivered',
  busy: 'undelivered',
  'no-answer': 'undelivered',
  canceled: 'failed',
  failed: 'failed',
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length > 0 ? value.slice(0, 100) : undefined

/** A code fit for the log: short and of harmless characters, or none. */
export const codeOf = (value: unknown): string | undefined => {
  const code = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return /^[A-Za-z0-9_.-]{1,40}$/.test(code) ? code : undefined
}

/** The account's public key, as the portal shows it: 32 bytes in base64. */
export const parsePublicKey = (base64: string): KeyObject =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(base64, 'base64').toString('base64url') },
    format: 'jwk',
  })

const sendIdOf = (url: unknown): string | undefined => {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined
  const id = new URL(url).searchParams.get('send_id')
  return id && /^[0-9a-f-]{36}$/i.test(id) ? id : undefined
}

const statusOf = (word: unknown) =>
  typeof word === 'string' && Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined

/** A receipt without the members that are not there. */
const compose = (report: { [K in keyof Report]: Report[K] | undefined }): Receipt[] => {
  const { sendId, messageId, status, reason } = report
  if (!status || !(sendId ?? messageId)) return []
  return [{ ...(sendId && { sendId }), ...(messageId && { messageId }), status, ...(reason && { reason }) }]
}

const readMessage = (text: string, url: string): Receipt[] | undefined => {
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    return undefined
  }
  const { data, meta } = isObject(event) ? event : {}
  if (!isObject(data) || !isObject(data['payload'])) return undefined
  if (data['event_type'] !== 'message.sent' && data['event_type'] !== 'message.finalized') return []
  const { id, to, errors, webhook_url } = data['payload']
  const [addressee] = Array.isArray(to) ? to : []
  const [error] = Array.isArray(errors) ? errors : []
  return compose({
    // The address is not signed, its copies in the body are.
    sendId: sendIdOf(webhook_url) ?? sendIdOf(isObject(meta) && meta['delivered_to']) ?? sendIdOf(url),
    messageId: textOf(id),
    status: statusOf(isObject(addressee) && addressee['status']),
    reason: codeOf(isObject(error) && error['code']),
  })
}

const readCall = (text: string, url: string): Receipt[] | undefined => {
  const form = new URLSearchParams(text)
  const word = form.get('CallStatus')
  if (word === null) return undefined
  const status = statusOf(word)
  return compose({
    sendId: sendIdOf(url),
    messageId: textOf(form.get('CallSid')),
    status,
    reason: status === 'delivered' ? undefined : codeOf(form.get('HangupCause') ?? word),
  })
}

/** Reads what Telnyx signed with its Ed25519 key: the time, a bar and the raw body. Never throws. */
export const readTelnyxReceipt =
  (key: KeyObject) =>
  ({ url, headers, body, now }: ReceiptRequest): ReceiptReading => {
    const time = headers['telnyx-timestamp'] ?? ''
    const signature = Buffer.from(headers['telnyx-signature-ed25519'] ?? '', 'base64')
    if (!/^\d{1,12}$/.test(time) || signature.length !== 64) return { outcome: 'forged' }
    if (!verify(null, Buffer.concat([Buffer.from(`${time}|`), body]), key, signature)) return { outcome: 'forged' }
    if (Math.abs(now - Number(time) * 1000) > TOLERANCE) return { outcome: 'stale' }

    const isForm = (headers['content-type'] ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded')
    const receipts = (isForm ? readCall : readMessage)(body.toString(), url)
    return receipts ? { outcome: 'read', receipts } : { outcome: 'unreadable' }
  }
