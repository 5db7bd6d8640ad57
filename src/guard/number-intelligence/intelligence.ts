import type { Static, TObject } from 'typebox'
import type { NumberIntelligence } from '../../core/guard/ports.ts'
import type { Transport } from '../../http-client/client.ts'

/** The dependencies of a source of number intelligence, in addition to its settings. */
export interface NumberIntelligenceTools {
  /** Sends requests to the source's provider. Throws when no response comes; follows no redirects. */
  transport: Transport
}

/** A source of number intelligence: its name, its settings and its factory. */
export interface NumberIntelligenceDefinition<S extends TObject = TObject> {
  /** The name in lower case. In capitals, with `_` for `-`, it is the prefix of its settings. */
  readonly name: string
  /** The API document that its requests follow: a link, and its version or date. */
  readonly document?: { readonly url: string; readonly version: string }
  readonly settings: S
  create(settings: Static<S>, tools: NumberIntelligenceTools): NumberIntelligence
}

/** Ties the `create` of a definition to the type of its settings. */
export const defineNumberIntelligence = <S extends TObject>(
  definition: NumberIntelligenceDefinition<S>,
): NumberIntelligenceDefinition => definition as unknown as NumberIntelligenceDefinition
