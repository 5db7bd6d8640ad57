import type { Static, TObject } from 'typebox'
import type { SmsProvider, TextMessage } from '../core/ports.ts'

/** A message as a development provider keeps it. */
export interface KeptMessage extends Omit<TextMessage, 'sendId'> {
  /** ISO 8601. */
  sentAt: string
}

/** What a provider may use besides its settings. */
export interface ProviderTools {
  /** Shows a line to whoever runs the server. */
  print: (line: string) => void
  /** Keeps a message where `GET /dev/outbox` finds it. */
  keep: (message: KeptMessage) => void
}

/** One delivery company: its name in `SMS_PROVIDERS`, the settings it needs, and how to make one. */
export interface ProviderDefinition<S extends TObject = TObject> {
  readonly name: string
  /** Whether phones ring: such a provider needs `SMS_COUNTRIES`, and only such a one may serve production. */
  readonly real: boolean
  readonly settings: S
  create(settings: Static<S>, tools: ProviderTools): SmsProvider
}

/** Ties a definition's `create` to the type of its own settings. */
export const defineProvider = <S extends TObject>(definition: ProviderDefinition<S>): ProviderDefinition =>
  definition as unknown as ProviderDefinition
