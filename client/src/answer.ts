import type { components, operations } from './api-types.ts'

/** The things of the API by their names: `Schemas['OpenChallenge']`. */
export type Schemas = components['schemas']

/** The name of an operation, as in the OpenAPI document. */
export type OperationId = keyof operations

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : undefined
type Success<R> = { [S in keyof R]: S extends 200 | 204 ? Json<R[S]> : never }[keyof R]
type Said<R> = {
  [S in keyof R]: R[S] extends { content: { 'application/problem+json': infer Body } } ? Body : never
}[keyof R]

/** The body that an operation takes. */
export type BodyOf<O extends OperationId> = operations[O] extends {
  requestBody?: { content: { 'application/json': infer Body } }
}
  ? Body
  : never

/** What an operation answers when it succeeds. */
export type DataOf<O extends OperationId> = Success<operations[O]['responses']>

/** No answer of the service came: no network, no time left, or something in between that answered in its place. */
export interface Unreachable {
  code: 'unreachable'
  title: string
  /** The status of what answered in the place of the service; 0 where nothing did. */
  status: number
  cause?: unknown
}

/**
 * Every way in which an operation says no, told apart by `code` (RFC 9457). A later server may know codes that are not
 * among them: give each `switch` a `default`.
 */
export type ProblemOf<O extends OperationId> = Said<operations[O]['responses']> | Unreachable

/** Every way in which any operation says no. */
export type Problem = { [O in OperationId]: ProblemOf<O> }[OperationId]

/** The codes of all problems. */
export type ProblemCode = Problem['code']

/** What came of a call. No problem is thrown. */
export type Answer<O extends OperationId> = { ok: true; data: DataOf<O> } | { ok: false; problem: ProblemOf<O> }
