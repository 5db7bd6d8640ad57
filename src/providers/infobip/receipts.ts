/**
 * Infobip's delivery reports ("Receive outbound SMS message reports", and the same form for voice and WhatsApp).
 * https://www.infobip.com/docs/developer-resources/api-fundamentals/message-status-codes
 *
 * A report that is asked for message by message is not signed, so each message names an address of its own: with it
 * comes the HMAC of the send id, by a key that only this server has. The address is known to Infobip alone, and vouches
 * for this one message.
 */
import type { Receipt } from '../../core/delivery/ports.ts'
import { isObject, parseJson } from '../../http-client/client.ts'
import { codeOf, objectOf, objectsIn } from '../answers.ts'
import { createReceiptReader, type ReceiptReader, receiptOf, verifyReceiptUrl } from '../receipts.ts'

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

const readReport = ({ callbackData, messageId, status, error }: Record<string, unknown>, sendId: string | null) => {
  // The address vouches for one message: what a report says of another does not count.
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

/** Creates a reader of reports that came to an address we made with this secret. */
export const readInfobipReceipt = (secret: string): ReceiptReader =>
  createReceiptReader({
    verify: (_request, query) => verifyReceiptUrl(secret, query),
    read: (text, query) => {
      const { results } = objectOf(parseJson(text))
      if (!Array.isArray(results)) return undefined
      return objectsIn(results).flatMap((report) => readReport(report, query.get('send_id')))
    },
  })
