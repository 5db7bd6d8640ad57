import type { Static, TObject } from 'typebox'
import type { HumanCheck, NonceStore } from '../../core/guard/ports.ts'
import type { Transport } from '../../http-client/client.ts'

/** The dependencies of a check, in addition to its settings. */
export interface HumanCheckTools {
  /** Sends requests to the check's provider. Throws when no response comes; follows no redirects. */
  transport: Transport
  /** A 256-bit key for this purpose only, the same on every instance. */
  key: Uint8Array
  /** The store of used values, shared by all instances. */
  nonces: NonceStore
  /** Milliseconds since 1970. */
  now: () => number
}

/** A human check: its name, its settings and its factory. */
export interface HumanCheckDefinition<S extends TObject = TObject> {
  /** The name in lower case, also the `kind` of its challenges. In capitals it is the prefix of its settings. */
  readonly name: string
  /**
   * The API document that its requests follow: a link, and its version or date. Undefined for a check without a
   * provider.
   */
  readonly document?: { readonly url: string; readonly version: string }
  readonly settings: S
  create(settings: Static<S>, tools: HumanCheckTools): HumanCheck
}

/** Ties the `create` of a definition to the type of its settings. */
export const defineHumanCheck = <S extends TObject>(definition: HumanCheckDefinition<S>): HumanCheckDefinition =>
  definition as unknown as HumanCheckDefinition
