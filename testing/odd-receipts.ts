/** Invalid receipts for the receipt contract. */
import type { ReceiptRequest } from '../src/core/delivery/ports.ts'

const ODD_JSON = [null, true, 0, 'text', [], [null], [[]], {}, { status: {} }, { id: 7, status: [] }, { data: null }]

/** Invalid bodies. */
export const ODD_BODIES = [
  Buffer.alloc(0),
  Buffer.from(' '),
  Buffer.from('{"status":'),
  Buffer.from('status=&&=&%&%zz&status=a&status=b'),
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  Buffer.from('['.repeat(50_000)),
  Buffer.alloc(1024 * 1024, 'a'),
  Buffer.from(JSON.stringify({ status: 'x'.repeat(1024 * 1024) })),
  ...ODD_JSON.map((value) => Buffer.from(JSON.stringify(value))),
]

/** Invalid header values. */
export const ODD_HEADERS = [
  '',
  ' ',
  'x',
  '=',
  'Bearer ',
  'Bearer a.b.c',
  't=1,v1=00',
  '0',
  '99999999999999999999',
  '\u00e9'.repeat(64),
]

/** Returns true for the content type, which is not part of a signature. */
export const isType = (name: string) => name === 'content-type'

/** Changes every header except the content type. A header whose new value is undefined is removed. */
export const withHeaders = (request: ReceiptRequest, change: (name: string) => string | undefined): ReceiptRequest => ({
  ...request,
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, isType(name) ? value : change(name)]),
  ),
})

/** Yields the request with one changed bit in its body, once for each byte, or in its URL if the body is empty. */
export const alterations = function* (request: ReceiptRequest): Generator<ReceiptRequest> {
  for (let at = 0; at < Math.min(request.body.length, 2_000); at += 1) {
    const body = Buffer.from(request.body)
    body[at]! ^= 1
    yield { ...request, body }
  }
  if (request.body.length > 0) return
  for (let at = request.url.indexOf('?') + 1; at < request.url.length; at += 1) {
    const altered = String.fromCharCode(request.url.charCodeAt(at) ^ 1)
    yield { ...request, url: request.url.slice(0, at) + altered + request.url.slice(at + 1) }
  }
}
