import { crondockProvider } from './crondock/index.ts'
import { consoleProvider } from './development/console.ts'
import { outboxProvider } from './development/outbox.ts'
import { infobipProvider } from './infobip/index.ts'
import { messagebirdProvider } from './messagebird/index.ts'
import { plivoProvider } from './plivo/index.ts'
import type { ProviderDefinition } from './provider.ts'
import { snsProvider } from './sns/index.ts'
import { telnyxProvider } from './telnyx/index.ts'
import { twilioProvider } from './twilio/index.ts'
import { vonageProvider } from './vonage/index.ts'
import { webhookProvider } from './webhook/index.ts'

/** All built-in providers. To add one, write its folder and a line here. */
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
