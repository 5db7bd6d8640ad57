import { hashPhone } from '../core/delivery/phone.ts'
import { isTypedUuid } from '../core/uuid.ts'
import { secretIn } from '../keys/key-files.ts'
import { deriveSecrets, parseSecrets } from '../keys/secrets.ts'
import { readSettings } from '../settings/read.ts'
import { createSendReport, type ReportedSend } from '../store/sends/report.ts'
import { type Command, commandOf, readArgs, UsageError, type World } from './command.ts'
import { checkPhone } from './new-user.ts'
import { withSchema } from './open-database.ts'
import { columns, timeOf } from './table.ts'
import { testProviders } from './test-providers.ts'

const TEST_OPTIONS = { channel: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } } as const

/** Returns the hashes under which a number may be in the ledger: one for each secret and spelling. */
const hashesOf = (written: string, { env }: World): Buffer[] => {
  // Old rows have the number as the user wrote it, before numbers were normalized.
  const phones = new Set([checkPhone(written), `+${written.replaceAll(/\D/g, '')}`])
  const settings = readSettings({ env }, ['SECRET', 'SECRET_PREVIOUS', 'DATA_DIR'])
  const secrets = [settings.SECRET ?? secretIn(settings.DATA_DIR), settings.SECRET_PREVIOUS ?? []].flat()
  return secrets
    .flatMap(parseSecrets)
    .map(({ secret }) => deriveSecrets(secret).phoneKey)
    .flatMap((key) => [...phones].map((phone) => hashPhone(key, phone)))
}

const HEAD = [
  'TIME',
  'USER',
  'CHALLENGE',
  'CHANNEL',
  'PROVIDER',
  'STATUS',
  'RECEIPT',
  'TOOK',
  'COST',
  'MESSAGE ID',
  'REASON',
]

/** Formats sends as a table, one a line. */
const sendTable = (sends: readonly ReportedSend[]): string =>
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

const show: Command = async (args, world) => {
  const [what, ...more] = readArgs(args, {}).positionals
  if (what === undefined || more.length > 0) throw new UsageError('"sms show" needs one challenge id or phone number.')
  const hashes = isTypedUuid(what) ? undefined : hashesOf(what, world)
  await withSchema(world, async (database) => {
    const report = createSendReport(database)
    const sends = hashes ? await report.ofPhone(hashes) : await report.ofChallenge(what)
    world.stdout.write(sends.length > 0 ? sendTable(sends) : 'No messages were sent.\n')
  })
}

const test: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, TEST_OPTIONS)
  const [number, ...more] = positionals
  if (number === undefined || more.length > 0) throw new UsageError('"sms test" needs one phone number.')
  await testProviders(world, {
    phone: checkPhone(number),
    channel: values.channel ?? 'sms',
    dryRun: values['dry-run'],
  })
}

/** The command `sms show|test`, which shows the status of sends and tests the providers. */
export const sms = commandOf('messages', {
  show,
  test,
})
