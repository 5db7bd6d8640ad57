import type { ReportedSend } from '../store/sends/report.ts'
import { columns, timeOf } from './table.ts'

const HEAD = [
  'TIME',
  'USER',
  'CHALLENGE',
  'CHANNEL',
  'COMPANY',
  'STATUS',
  'RECEIPT',
  'TOOK',
  'COST',
  'MESSAGE ID',
  'REASON',
]

/** What became of each message, one a line. */
export const sendTable = (sends: readonly ReportedSend[]): string =>
  columns(
    HEAD,
    sends.map((send) => [
      timeOf(send.createdAt),
      send.username ?? '-',
      send.challengeId,
      send.channel,
      send.provider,
      send.status,
      send.receiptAt ? timeOf(send.receiptAt) : '-',
      send.took === null ? '-' : `${send.took} ms`,
      send.price ?? '-',
      send.messageId ?? '-',
      send.reason ?? '-',
    ]),
  )
