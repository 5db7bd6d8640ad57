import { consoleProvider } from './console.ts'
import { crondockProvider } from './crondock.ts'
import { outboxProvider } from './outbox.ts'
import type { ProviderDefinition } from './provider.ts'

/** Every delivery company that `SMS_PROVIDERS` may name. To add one: its file, and a line here. */
export const providers: readonly ProviderDefinition[] = [consoleProvider, outboxProvider, crondockProvider]
