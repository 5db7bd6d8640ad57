import type { components, operations } from './api-types.ts'

/** The schemas of the API by name: `Schemas['OpenChallenge']`. */
export type Schemas = components['schemas']

/** The name of an operation, as in the OpenAPI document. */
export type OperationId = keyof operations

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : undefined
type Success<R> = { [S in keyof R]: S extends 200 | 204 ? Json<R[S]> : never }[keyof R]
type ProblemBody<R> = {
  [S in keyof R]: R[S] extends { content: { 'application/problem+json': infer Body } } ? Body : never
}[keyof R]

/** The body that an operation takes. */
export type BodyOf<O extends OperationId> = operations[O] extends {
  requestBody?: { content: { 'application/json': infer Body } }
}
  ? Body
  : never

/** The response body of an operation that succeeds. */
export type DataOf<O extends OperationId> = Success<operations[O]['responses']>

/** The service did not respond: the network failed, the timeout passed, or a proxy or portal responded instead. */
export interface Unreachable {
  code: 'unreachable'
  title: string
  /** The HTTP status of the response that did not come from the service; 0 without any response. */
  status: number
  cause?: unknown
}

/**
 * A problem that an operation can return, discriminated by `code` (RFC 9457). Later servers may return other codes: give
 * each `switch` a `default`.
 */
export type ProblemOf<O extends OperationId> = ProblemBody<operations[O]['responses']> | Unreachable

/** A problem of any operation. */
export type Problem = { [O in OperationId]: ProblemOf<O> }[OperationId]

/** The code of any problem. */
export type ProblemCode = Problem['code']

/** The result of a call. Problems are returned, not thrown. */
export type Answer<O extends OperationId> = { ok: true; data: DataOf<O> } | { ok: false; problem: ProblemOf<O> }
