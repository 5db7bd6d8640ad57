/** What every company's `readReceipt` must keep, whoever calls it; of no test framework. */
import assert from 'node:assert/strict'
import type { Provider, Receipt, ReceiptReading, ReceiptRequest } from '../src/core/delivery/ports.ts'
import type { ProviderDefinition } from '../src/providers/provider.ts'
import { alterations, isType, ODD_BODIES, ODD_HEADERS, withHeaders } from './odd-receipts.ts'
import { MESSAGE } from './sending.ts'
import type { ContractCase } from './stage.ts'
import { createProvider } from './wire.ts'

/** What a genuine receipt is to say, and when it is signed (Unix time, ms). */
export interface ReceiptWish {
  sendId: string
  messageId: string
  status: Receipt['status']
  at: number
}

/** How the contract makes one company's receipts. */
export interface ReceiptSubject {
  definition: ProviderDefinition
  settings: Record<string, unknown>
  /** The same with another secret, which the company does not sign with. */
  otherSettings: Record<string, unknown>
  /** A receipt as the company signs it with the secret in `settings`, received at once. */
  genuine: (wish: ReceiptWish) => ReceiptRequest
  /** Whether the moment of signing is signed too, so that an old receipt is stale. */
  signsTime: boolean
  /** The statuses that the company has a word for; all of them unless it says otherwise. */
  statuses?: readonly Receipt['status'][]
  /** Takes the signature off; by default every header but the type of the body. */
  unsign?: (request: ReceiptRequest) => ReceiptRequest
  /** Signs any body, at this moment: then odd bodies with a good signature are tried too. */
  sign?: (body: Buffer, at: number) => ReceiptRequest
}

const STATUSES = ['sent', 'delivered', 'undelivered', 'failed'] as const

/** A whole second, for companies that sign no finer. */
const AT = Date.UTC(2026, 0, 2, 3, 4, 5)

/** How old a receipt may be, in ms. */
const LATEST = 300_000

const WISH: ReceiptWish = { sendId: MESSAGE.sendId, messageId: 'message-0123456789', status: 'delivered', at: AT }

/** Fails when a reading is not of the form that it promises. */
const assertReading = (reading: ReceiptReading): void => {
  if (reading.outcome !== 'read') {
    assert.ok(['forged', 'stale', 'unreadable'].includes(reading.outcome), 'an outcome is one of the four')
    return
  }
  for (const { sendId, messageId, status, reason } of reading.receipts) {
    assert.ok(STATUSES.includes(status), 'a status is one of the four')
    assert.ok(sendId !== undefined || messageId !== undefined, 'one of the ids is there')
    for (const text of [sendId, messageId, reason]) assert.ok(text === undefined || typeof text === 'string')
  }
}

/** The promises of a provider that reads its company's receipts; each is one test. */
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
    named('takes a receipt that is almost five minutes old', (read) => {
      for (const now of [AT + LATEST - 1_000, AT - LATEST + 1_000]) {
        assert.equal(read({ ...genuine(WISH), now }).outcome, 'read')
      }
    }),
    named('takes no receipt that was signed over five minutes ago or ahead', (read) => {
      for (const now of [AT + LATEST + 1_000, AT - LATEST - 1_000, AT + 365 * 86_400_000]) {
        assert.equal(read({ ...genuine(WISH), now }).outcome, 'stale')
      }
    }),
  ]

  return [
    named('says how its receipts are signed', () => {
      assert.ok(definition.receipts, 'in `receipts` of its definition')
    }),

    ...statuses.map((status) =>
      named(`reads a receipt that says "${status}", and which message it is about`, (read) => {
        const reading = read(genuine({ ...WISH, status }))
        assert.equal(reading.outcome, 'read')
        const [receipt, ...others] = reading.outcome === 'read' ? reading.receipts : []
        assert.equal(others.length, 0)
        assert.equal(receipt?.status, status)
        if (receipt?.sendId !== undefined) assert.equal(receipt.sendId, WISH.sendId)
        if (receipt?.messageId !== undefined) assert.equal(receipt.messageId, WISH.messageId)
      }),
    ),

    named('takes a receipt of which one bit was changed for a forgery', (read) => {
      const request = genuine(WISH)
      for (const altered of alterations(request)) {
        assert.equal(read(altered).outcome, 'forged', altered.body.toString() || altered.url)
      }
    }),

    named('takes a receipt without a signature for a forgery', (read) => {
      assert.equal(read(unsign(genuine(WISH))).outcome, 'forged')
    }),

    named(
      'takes a receipt that another secret signed for a forgery',
      (read) => assert.equal(read(genuine(WISH)).outcome, 'forged'),
      subject.otherSettings,
    ),

    named('believes no signature that is none, and does not fall over it', (read) => {
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

    named('reads nothing out of a body that no company sends, and does not fall over it', (read) => {
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
