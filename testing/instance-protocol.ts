/** The protocol between a test process and its instance. */
import type { SentMessage } from '../src/providers/development/outbox.ts'
import type { PostgresChoice } from './find-postgres.ts'

/** The calls to an instance, with their arguments and results. */
export interface InstanceCalls {
  start: { given: { settings: Record<string, string>; database: PostgresChoice }; answer: InstanceAddress }
  addUser: { given: NewTestUser; answer: NewTestUser & { id: string } }
  /** Sends a request to the instance over its socket. */
  post: { given: { path: string; body: object }; answer: { status: number; body: Record<string, unknown> } }
  /** Advances the clock by ms. */
  advance: { given: number; answer: null }
  /** Resolves after all messages kept so far have arrived. */
  tell: { given: null; answer: null }
  stop: { given: null; answer: null }
}

/** The address of an instance. */
export interface InstanceAddress {
  url: string
  issuer: string
  audience: string
}

/** A complete user to add. */
export interface NewTestUser {
  username: string
  password: string
  phone: string
  locale?: string | undefined
}

/** A call with an id, which its response repeats. */
export type InstanceCall = {
  [Name in keyof InstanceCalls]: { id: number; name: Name; given: InstanceCalls[Name]['given'] }
}[keyof InstanceCalls]

/** A message of an instance: a result, an error, or a kept SMS. */
export type InstanceMessage =
  | { id: number; answer: unknown }
  | { id: number; fault: { message: string; code?: string | undefined } }
  | { kept: SentMessage }
