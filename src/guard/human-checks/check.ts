import type { Static, TObject } from 'typebox'
import type { HumanCheck, NonceStore } from '../../core/guard/ports.ts'
import type { Transport } from '../../http-client/client.ts'

/** What a check may use besides its settings. */
export interface HumanCheckTools {
  /** The wire to its company. Throws when there is no answer; follows no redirect. */
  transport: Transport
  /** A key of this purpose alone, the same on every instance: 256 bits. */
  key: Uint8Array
  /** What may be used once, on whichever instance. */
  nonces: NonceStore
  /** Milliseconds since 1970. */
  now: () => number
}

/** One human check: its name, the settings it needs, and how to make one. */
export interface HumanCheckDefinition<S extends TObject = TObject> {
  /** Lower case, and the `kind` of its challenges; in capitals it is the start of its settings' names. */
  readonly name: string
  /** The document its requests follow: a link, and the version or date of what was read. None where no company is asked. */
  readonly document?: { readonly url: string; readonly version: string }
  readonly settings: S
  create(settings: Static<S>, tools: HumanCheckTools): HumanCheck
}

/** Ties a definition's `create` to the type of its own settings. */
export const defineHumanCheck = <S extends TObject>(definition: HumanCheckDefinition<S>): HumanCheckDefinition =>
  definition as unknown as HumanCheckDefinition
