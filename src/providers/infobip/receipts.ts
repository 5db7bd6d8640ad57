/**
 * Infobip's delivery reports ("Receive outbound SMS message reports", and the same form for voice and WhatsApp).
 * https://www.infobip.com/docs/developer-resources/api-fundamentals/message-status-codes
 *
 * A report that is asked for message by message is not signed, so each message names an address of its own: with it
 * comes the HMAC of the send id, by a key that only this server has. Whoever knows the address has it from Infobip, and
 * can speak of this one message alone.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../core/delivery/ports.ts'
import { isObject } from '../../http-client/client.ts'

/** `status.groupId` of reports and answers. */
export const GROUP = { OK: 0, PENDING: 1, UNDELIVERABLE: 2, DELIVERED: 3, EXPIRED: 4, REJECTED: 5 } as const

/** PENDING_WAITING_DELIVERY, PENDING_ENROUTE and, its group notwithstanding, DELIVERED_TO_OPERATOR: under way. */
const WITH_OPERATOR = new Set<unknown>([2, 3, 7])

const ENDS = new Map<unknown, Receipt['status']>([
  [GROUP.UNDELIVERABLE, 'undelivered'],
  [GROUP.DELIVERED, 'delivered'],
  [GROUP.EXPIRED, 'undelivered'],
  // Before it was sent.
  [GROUP.REJECTED, 'failed'],
])

/** A name fit for the log: short and of harmless characters, or none. */
export const nameOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z0-9_.-]{1,40}$/.test(value) ? value : undefined

const keyOf = (secret: string, sendId: string) => createHmac('sha256', secret).update(sendId).digest('hex')

/** Where the reports of one message go. */
export const addressReceipts = (receiptsUrl: string, secret: string, sendId: string): string =>
  `${receiptsUrl}?send_id=${sendId}&key=${keyOf(secret, sendId)}`

/** The send id of an address that we made; undefined for every other address. */
const verifyAddress = (secret: string, url: string): string | undefined => {
  if (!URL.canParse(url)) return undefined
  const { searchParams } = new URL(url)
  const sendId = searchParams.get('send_id')
  if (!sendId || sendId.length > 100) return undefined
  const given = Buffer.from(searchParams.get('key') ?? '')
  const expected = Buffer.from(keyOf(secret, sendId))
  return given.length === expected.length && timingSafeEqual(given, expected) ? sendId : undefined
}

const readReport = (report: Record<string, unknown>, sendId: string): Receipt[] => {
  const { callbackData, messageId, status, error } = report
  // The address vouches for one message: what a report says of another is not heard.
  if (callbackData !== undefined && callbackData !== null && callbackData !== sendId) return []
  if (!isObject(status)) return []
  const name = nameOf(isObject(error) && error['groupId'] !== GROUP.OK && error['name']) ?? nameOf(status['name'])
  const ids = { sendId, ...(messageId === sendId && { messageId: sendId }) }
  if (WITH_OPERATOR.has(status['id'])) return [{ ...ids, status: 'sent' }]
  const end = ENDS.get(status['groupId'])
  if (!end) return []
  return [{ ...ids, status: end, ...(end !== 'delivered' && name && { reason: name }) }]
}

/** Reads reports that came to an address we made. Never throws. */
export const readInfobipReceipt =
  (secret: string) =>
  ({ url, body }: ReceiptRequest): ReceiptReading => {
    const sendId = verifyAddress(secret, url)
    if (sendId === undefined) return { outcome: 'forged' }
    let reports: unknown
    try {
      reports = JSON.parse(body.toString())
    } catch {
      return { outcome: 'unreadable' }
    }
    if (!isObject(reports) || !Array.isArray(reports['results'])) return { outcome: 'unreadable' }
    return {
      outcome: 'read',
      receipts: reports['results'].filter(isObject).flatMap((report) => readReport(report, sendId)),
    }
  }
