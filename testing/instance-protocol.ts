/** What a test's process and the instance it started say to each other. */
import type { SentMessage } from '../src/providers/development/outbox.ts'
import type { PostgresWish } from './find-postgres.ts'

/** What is asked of an instance, and what it answers. */
export interface InstanceCalls {
  start: { given: { settings: Record<string, string>; database: PostgresWish }; answer: InstanceAddress }
  addUser: { given: NewTestUser; answer: NewTestUser & { id: string } }
  /** A request to the instance, over its socket. */
  post: { given: { path: string; body: object }; answer: { status: number; body: Record<string, unknown> } }
  /** Time passes, in ms. */
  advance: { given: number; answer: null }
  /** Answered when all that was kept until now has been told. */
  tell: { given: null; answer: null }
  stop: { given: null; answer: null }
}

/** Where an instance is. */
export interface InstanceAddress {
  url: string
  issuer: string
  audience: string
}

/** A user who is to be, complete. */
export interface NewTestUser {
  username: string
  password: string
  phone: string
  locale?: string | undefined
}

/** A question, with the number that its answer has. */
export type InstanceCall = {
  [Name in keyof InstanceCalls]: { id: number; name: Name; given: InstanceCalls[Name]['given'] }
}[keyof InstanceCalls]

/** What an instance says: an answer, why there is none, or that a message was kept. */
export type InstanceMessage =
  | { id: number; answer: unknown }
  | { id: number; fault: { message: string; code?: string | undefined } }
  | { kept: SentMessage }
