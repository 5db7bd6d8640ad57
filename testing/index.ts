/**
 * The test kit: a Doorcode for integration tests (`docs/integration-tests.md`), and the contracts that every provider and
 * every second factor must pass (`docs/add-a-provider.md`, `docs/add-a-factor.md`).
 */

export { factorContract } from './factor-contract.ts'
export type { FactorSubject } from './factor-stage.ts'
export type {
  FakeProvider,
  ProviderMode,
  ProviderReply,
  ProviderVoice,
  ReceivedRequest,
} from './fake-provider.ts'
export { PROVIDER_RETRY_AFTER, startFakeProvider } from './fake-provider.ts'
export type { ReceivedCode, ReceivedMessage } from './inbox.ts'
export { providerContract } from './provider-contract.ts'
export { type ReceiptOptions, type ReceiptSubject, receiptContract } from './receipt-contract.ts'
export { MESSAGE } from './sending.ts'
export type { ContractCase, ProviderSubject } from './stage.ts'
export { type Doorcode, type DoorcodeOptions, startDoorcode, type TestGrant, type TestUser } from './start-doorcode.ts'
export type { Duration, TestClock } from './test-clock.ts'
export { createProvider, sendOverWire, toolsFor } from './wire.ts'
