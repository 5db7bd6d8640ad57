/** The contract of every `readReceipt`, for any test framework. */
import assert from 'node:assert/strict'
import type { Provider, Receipt, ReceiptReading, ReceiptRequest } from '../src/core/delivery/ports.ts'
import type { ProviderDefinition } from '../src/providers/provider.ts'
import { alterations, isType, ODD_BODIES, ODD_HEADERS, withHeaders } from './odd-receipts.ts'
import { MESSAGE } from './sending.ts'
import type { ContractCase } from './stage.ts'
import { createProvider } from './wire.ts'

/** The content of a genuine receipt, with the time of its signature (Unix time in ms). */
export interface ReceiptOptions {
  sendId: string
  messageId: string
  status: Receipt['status']
  at: number
}

/** A provider under test, with functions that create its receipts. */
export interface ReceiptSubject {
  definition: ProviderDefinition
  settings: Record<string, unknown>
  /** The settings with another secret, which does not sign receipts. */
  otherSettings: Record<string, unknown>
  /** Creates a receipt that is signed with the secret in `settings` and received at once. */
  genuine: (wish: ReceiptOptions) => ReceiptRequest
  /** True if the signature covers its time, so that an old receipt is stale. */
  signsTime: boolean
  /** The statuses that the provider reports; all by default. */
  statuses?: readonly Receipt['status'][]
  /** Removes the signature; by default every header except the content type. */
  unsign?: (request: ReceiptRequest) => ReceiptRequest
  /** Signs any body at a time. If present, invalid bodies with a valid signature are tested too. */
  sign?: (body: Buffer, at: number) => ReceiptRequest
}

const STATUSES = ['sent', 'delivered', 'undelivered', 'failed'] as const

/** A whole second, because some providers sign only seconds. */
const AT = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Maximum age of a receipt in ms. */
const MAX_AGE = 300_000

const WISH: ReceiptOptions = { sendId: MESSAGE.sendId, messageId: 'message-0123456789', status: 'delivered', at: AT }

/** Throws if a reading does not have the documented form. */
const assertReading = (reading: ReceiptReading): void => {
  if (reading.outcome !== 'read') {
    assert.ok(['forged', 'stale', 'unreadable'].includes(reading.outcome), 'an outcome is one of the four')
    return
  }
  for (const { sendId, messageId, status, reason } of reading.receipts) {
    assert.ok(STATUSES.includes(status), 'a status is one of the four')
    assert.ok(sendId !== undefined || messageId !== undefined, 'it has an id')
    for (const text of [sendId, messageId, reason]) assert.ok(text === undefined || typeof text === 'string')
  }
}

/** Returns the tests of a provider that reads receipts. */
export const receiptContract = (subject: ReceiptSubject): ContractCase[] => {
  const { definition, genuine, signsTime, statuses = STATUSES, sign } = subject
  const unsign = subject.unsign ?? ((request) => withHeaders(request, () => undefined))

  const named = (
    sentence: string,
    act: (read: NonNullable<Provider['readReceipt']>) => void,
    settings = subject.settings,
  ): ContractCase => ({
    name: `${definition.name} ${sentence}`,
    run: async () => {
      const provider = await createProvider(definition, settings)
      act((request) => {
        assert.ok(provider.readReceipt, 'it reads receipts')
        const reading = provider.readReceipt(request)
        assertReading(reading)
        return reading
      })
    },
  })

  const times: ContractCase[] = [
    named('accepts a receipt that is almost five minutes old', (read) => {
      for (const now of [AT + MAX_AGE - 1_000, AT - MAX_AGE + 1_000]) {
        assert.equal(read({ ...genuine(WISH), now }).outcome, 'read')
      }
    }),
    named('rejects a receipt that was signed more than five minutes ago or ahead', (read) => {
      for (const now of [AT + MAX_AGE + 1_000, AT - MAX_AGE - 1_000, AT + 365 * 86_400_000]) {
        assert.equal(read({ ...genuine(WISH), now }).outcome, 'stale')
      }
    }),
  ]

  return [
    named('describes the signature of its receipts', () => {
      assert.ok(definition.receipts, '`receipts` of its definition')
    }),

    ...statuses.map((status) =>
      named(`reads the status "${status}" and the message id of a receipt`, (read) => {
        const reading = read(genuine({ ...WISH, status }))
        assert.equal(reading.outcome, 'read')
        const [receipt, ...others] = reading.outcome === 'read' ? reading.receipts : []
        assert.equal(others.length, 0)
        assert.equal(receipt?.status, status)
        if (receipt?.sendId !== undefined) assert.equal(receipt.sendId, WISH.sendId)
        if (receipt?.messageId !== undefined) assert.equal(receipt.messageId, WISH.messageId)
      }),
    ),

    named('rejects a receipt with one changed bit as forged', (read) => {
      const request = genuine(WISH)
      for (const altered of alterations(request)) {
        assert.equal(read(altered).outcome, 'forged', altered.body.toString() || altered.url)
      }
    }),

    named('rejects a receipt without a signature as forged', (read) => {
      assert.equal(read(unsign(genuine(WISH))).outcome, 'forged')
    }),

    named(
      'rejects a receipt signed with another secret as forged',
      (read) => assert.equal(read(genuine(WISH)).outcome, 'forged'),
      subject.otherSettings,
    ),

    named('rejects malformed signatures without throwing', (read) => {
      const request = genuine(WISH)
      const names = Object.keys(request.headers).filter((name) => !isType(name))
      for (const odd of ODD_HEADERS) {
        if (names.length > 0) assert.notEqual(read(withHeaders(request, () => odd)).outcome, 'read', odd)
        for (const name of names) read({ ...request, headers: { ...request.headers, [name]: odd } })
      }
      for (const url of ['', 'nonsense', '/', 'https://auth.example.com/?send_id=%zz']) {
        assert.notEqual(read(unsign({ ...request, url })).outcome, 'read')
      }
      assert.notEqual(read({ ...unsign(request), headers: {} }).outcome, 'read')
    }),

    named('reads nothing from a malformed body, without throwing', (read) => {
      const request = genuine(WISH)
      for (const body of ODD_BODIES) {
        if (body.equals(request.body)) continue
        for (const odd of [{ ...request, body }, unsign({ ...request, body }), { ...request, body, headers: {} }]) {
          const reading = read(odd)
          assert.ok(reading.outcome !== 'read' || reading.receipts.length === 0, 'no receipt is in it')
        }
        if (sign) {
          const reading = read(sign(body, AT))
          assert.ok(reading.outcome !== 'read' || reading.receipts.length === 0, 'no receipt is in it, signed or not')
        }
      }
    }),

    ...(signsTime ? times : []),
  ]
}
