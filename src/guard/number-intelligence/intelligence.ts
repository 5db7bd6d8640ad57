import type { Static, TObject } from 'typebox'
import type { NumberIntelligence } from '../../core/guard/ports.ts'
import type { Transport } from '../../http-client/client.ts'

/** What a source of number intelligence may use besides its settings. */
export interface NumberIntelligenceTools {
  /** The wire to its company. Throws when there is no answer; follows no redirect. */
  transport: Transport
}

/** One source of number intelligence: its name, the settings it needs, and how to make one. */
export interface NumberIntelligenceDefinition<S extends TObject = TObject> {
  /** Lower case; in capitals, with `_` for `-`, it is the start of its settings' names. */
  readonly name: string
  /** The document its requests follow: a link, and the version or date of what was read. */
  readonly document?: { readonly url: string; readonly version: string }
  readonly settings: S
  create(settings: Static<S>, tools: NumberIntelligenceTools): NumberIntelligence
}

/** Ties a definition's `create` to the type of its own settings. */
export const defineNumberIntelligence = <S extends TObject>(
  definition: NumberIntelligenceDefinition<S>,
): NumberIntelligenceDefinition => definition as unknown as NumberIntelligenceDefinition
