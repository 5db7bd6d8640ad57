import { consoleProvider } from './console.ts'
import { crondockProvider } from './crondock.ts'
import { infobipProvider } from './infobip.ts'
import { messagebirdProvider } from './messagebird.ts'
import { outboxProvider } from './outbox.ts'
import { plivoProvider } from './plivo.ts'
import type { ProviderDefinition } from './provider.ts'
import { snsProvider } from './sns.ts'
import { telnyxProvider } from './telnyx.ts'
import { twilioProvider } from './twilio.ts'
import { vonageProvider } from './vonage.ts'
import { webhookProvider } from './webhook.ts'

/** Every delivery company that `SMS_PROVIDERS` may name. To add one: its file, and a line here. */
export const providers: readonly ProviderDefinition[] = [
  consoleProvider,
  outboxProvider,
  crondockProvider,
  twilioProvider,
  vonageProvider,
  messagebirdProvider,
  plivoProvider,
  telnyxProvider,
  infobipProvider,
  snsProvider,
  webhookProvider,
]
