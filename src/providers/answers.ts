/** The interpretation of responses that several providers share. */
import type { SendResult } from '../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../http-client/client.ts'

/** The result for a success whose body does not state the outcome. */
export const UNREADABLE: SendResult = { outcome: 'unknown', reason: 'unreadable answer' }

/** Returns true for a status of the class 2xx. */
export const isSuccess = ({ status }: Pick<HttpAnswer, 'status'>): boolean => status >= 200 && status <= 299

/** Returns a value if it is an object, and an empty object if not. */
export const objectOf = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {})

/** Returns the objects in a list; none if the value is not a list. */
export const objectsIn = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isObject) : []

/** Returns a code that is safe to log: too short for a phone number and without spaces; undefined for other values. */
export const codeOf = (value: unknown): string | undefined => {
  const code = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return /^(\d{1,6}|[A-Za-z][A-Za-z0-9_.-]{0,39})$/.test(code) ? code : undefined
}

/** Returns `accepted`, with the provider's message id if there is one. */
export const accepted = (id: unknown): SendResult =>
  (typeof id === 'string' && id !== '') || typeof id === 'number'
    ? { outcome: 'accepted', messageId: String(id).slice(0, 100) }
    : { outcome: 'accepted' }

/** Returns `accepted` for a provider that always sends an id; without an id the response is unreadable. */
export const acceptedAs = (id: unknown): SendResult => (typeof id === 'string' && id !== '' ? accepted(id) : UNREADABLE)

/**
 * Interprets an error response by its status and the provider's error code. Texts of the provider may contain the
 * number, so they are not part of the reason.
 */
export const rejected = (
  answer: Pick<HttpAnswer, 'status' | 'retryAfter'>,
  error?: string,
  blamesNumber = false,
): SendResult => {
  const reason = error ? `HTTP ${answer.status}, ${error}` : `HTTP ${answer.status}`
  const { outcome } = interpretFailure(answer)
  if (outcome === 'unknown') return { outcome, reason }
  if (blamesNumber) return { outcome: 'refused', reason }
  // A 400 or 422 without a fault in the number concerns the request or the account: another provider may take the
  // message.
  return { outcome: 'failed', reason, ...(answer.retryAfter !== undefined && { retryAfter: answer.retryAfter }) }
}

/** Interprets a response with a list of errors: by the first that blames the number, otherwise by the first. */
export const rejectedBy = (
  answer: HttpAnswer,
  errors: readonly Record<string, unknown>[],
  blamesNumber: (error: Record<string, unknown>) => boolean,
): SendResult => {
  const blamed = errors.find(blamesNumber)
  const code = codeOf((blamed ?? errors[0])?.['code'])
  return rejected(answer, code && `code ${code}`, blamed !== undefined)
}
