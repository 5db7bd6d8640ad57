/**
 * The interpretation of a gateway's responses by settings: the id, the condition of a success, the meaning of statuses.
 */
import type { SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, isObject } from '../../http-client/client.ts'
import { accepted, isSuccess, rejected, UNREADABLE } from '../answers.ts'

/** The outcomes that a status can have. */
const OUTCOMES = ['accepted', 'refused', 'failed', 'unknown'] as const

/** The settings that interpret a response. */
export interface AnswerSettings {
  WEBHOOK_MESSAGE_ID?: string
  WEBHOOK_ACCEPTED_IF?: string
  WEBHOOK_STATUSES: readonly string[]
}

/** Returns a function that finds a value by its JSON pointer (RFC 6901). Throws for a text that is not a pointer. */
const parsePointer = (setting: string, pointer: string): ((json: unknown) => unknown) => {
  if (!/^(\/([^~/]|~[01])*)+$/.test(pointer)) {
    throw new Error(`${setting} has "${pointer}", which is not a JSON pointer. For example: /messages/0/id`)
  }
  const path = pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (json) =>
    path.reduce<unknown>(
      (value, step) =>
        // The `length` of an array is not an element.
        typeof value === 'object' &&
        value !== null &&
        Object.hasOwn(value, step) &&
        !(Array.isArray(value) && step === 'length')
          ? (value as never)[step]
          : undefined,
      json,
    )
}

/** Reads `/status=0`: the value in a response that means acceptance. */
const parseCondition = (text: string): ((json: unknown) => boolean) => {
  const at = text.indexOf('=')
  if (at < 0) throw new Error(`WEBHOOK_ACCEPTED_IF has "${text}", which is not POINTER=VALUE. For example: /status=0`)
  const find = parsePointer('WEBHOOK_ACCEPTED_IF', text.slice(0, at))
  const wanted = text.slice(at + 1)
  return (json) => {
    const value = find(json)
    return (value === null || ['string', 'number', 'boolean'].includes(typeof value)) && String(value) === wanted
  }
}

/** Reads `2xx=accepted,404=refused`. An exact status takes precedence over its class. */
const parseStatuses = (items: readonly string[]) => {
  const meanings = new Map<string, SendResult['outcome']>()
  for (const item of items) {
    const [, status, outcome] = /^([1-5](?:\d\d|xx))=([a-z]+)$/.exec(item) ?? []
    const known = OUTCOMES.find((name) => name === outcome)
    if (!status || !known) {
      throw new Error(
        `WEBHOOK_STATUSES has "${item}", which is not STATUS=OUTCOME (${OUTCOMES.join(', ')}). For example: 404=refused,5xx=failed`,
      )
    }
    meanings.set(status, known)
  }
  return (status: number) => meanings.get(String(status)) ?? meanings.get(`${Math.floor(status / 100)}xx`)
}

/** Makes the interpreter of a gateway's responses. Throws for an invalid setting. */
export const createInterpreter = (settings: AnswerSettings): ((answer: HttpAnswer) => SendResult) => {
  const { WEBHOOK_MESSAGE_ID: pointer, WEBHOOK_ACCEPTED_IF: condition } = settings
  const findId = pointer === undefined ? undefined : parsePointer('WEBHOOK_MESSAGE_ID', pointer)
  const isAccepted = condition === undefined ? undefined : parseCondition(condition)
  const meaningOf = parseStatuses(settings.WEBHOOK_STATUSES)
  return (answer) => {
    const { status, json, text, retryAfter } = answer
    const reason = `HTTP ${status}`
    const meaning = meaningOf(status)
    if (meaning === 'refused' || meaning === 'unknown') return { outcome: meaning, reason }
    if (meaning === 'failed') return { outcome: 'failed', reason, ...(retryAfter !== undefined && { retryAfter }) }
    // A 400 of an undocumented gateway may have any cause, so the next provider tries the number.
    if (meaning === undefined && !isSuccess(answer)) return rejected(answer)
    // The settings search members, so a body without any is unreadable.
    const hasMembers = isObject(json) || (Array.isArray(json) && json.length > 0)
    if (text === undefined || ((isAccepted ?? findId) && !hasMembers)) return UNREADABLE
    if (isAccepted && !isAccepted(json)) return { outcome: 'failed', reason: `${reason} without WEBHOOK_ACCEPTED_IF` }
    return accepted(findId?.(json))
  }
}
