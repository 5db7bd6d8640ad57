/**
 * Infobip's delivery reports ("Receive outbound SMS message reports", and the same form for voice and WhatsApp).
 * https://www.infobip.com/docs/developer-resources/api-fundamentals/message-status-codes
 *
 * Reports requested per message are not signed, so the URL of each message contains the HMAC of its send id, under a
 * key that only this server has. Only Infobip learns the URL, which thus authenticates the report about this one
 * message.
 */
import type { Receipt } from '../../core/delivery/ports.ts'
import { isObject, parseJson } from '../../http-client/client.ts'
import { codeOf, objectOf, objectsIn } from '../answers.ts'
import { createReceiptReader, type ReceiptReader, receiptOf, verifyReceiptUrl } from '../receipts.ts'

/** The values of `status.groupId` in reports and responses. */
export const GROUP = { OK: 0, PENDING: 1, UNDELIVERABLE: 2, DELIVERED: 3, EXPIRED: 4, REJECTED: 5 } as const

/** PENDING_WAITING_DELIVERY, PENDING_ENROUTE and, despite its group, DELIVERED_TO_OPERATOR: on the way. */
const WITH_OPERATOR = new Set<unknown>([2, 3, 7])

const ENDS = new Map<unknown, Receipt['status']>([
  [GROUP.UNDELIVERABLE, 'undelivered'],
  [GROUP.DELIVERED, 'delivered'],
  [GROUP.EXPIRED, 'undelivered'],
  // Rejected before it was sent.
  [GROUP.REJECTED, 'failed'],
])

const readReport = ({ callbackData, messageId, status, error }: Record<string, unknown>, sendId: string | null) => {
  // The URL authenticates one message; a report about another one is ignored.
  if ((callbackData ?? sendId) !== sendId || !isObject(status)) return []
  const { id, groupId, name } = status
  const isUnderWay = WITH_OPERATOR.has(id)
  const { groupId: errorGroup, name: errorName } = objectOf(error)
  const reason = codeOf(errorGroup !== GROUP.OK && errorName) ?? codeOf(name)
  return receiptOf({
    sendId,
    messageId: messageId === sendId && messageId,
    status: isUnderWay ? 'sent' : ENDS.get(groupId),
    reason: isUnderWay ? undefined : reason,
  })
}

/** Makes a reader of reports whose URL was made with this secret. */
export const readInfobipReceipt = (secret: string): ReceiptReader =>
  createReceiptReader({
    verify: (_request, query) => verifyReceiptUrl(secret, query),
    read: (text, query) => {
      const { results } = objectOf(parseJson(text))
      if (!Array.isArray(results)) return undefined
      return objectsIn(results).flatMap((report) => readReport(report, query.get('send_id')))
    },
  })
