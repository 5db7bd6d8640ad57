/**
 * For the tests of others: a Doorcode to test against (`docs/integration-tests.md`), and the tests that every provider
 * and every second factor passes, for those who write one (`docs/add-a-provider.md`, `docs/add-a-factor.md`).
 */

export { factorContract } from './factor-contract.ts'
export type { FactorSubject } from './factor-stage.ts'
export type {
  CompanyMode,
  CompanyReply,
  CompanyVoice,
  FakeCompany,
  ReceivedRequest,
} from './fake-company.ts'
export { COMPANY_RETRY_AFTER, startFakeCompany } from './fake-company.ts'
export type { ReceivedCode, ReceivedMessage } from './inbox.ts'
export { providerContract } from './provider-contract.ts'
export { type ReceiptSubject, type ReceiptWish, receiptContract } from './receipt-contract.ts'
export { MESSAGE } from './sending.ts'
export type { ContractCase, ProviderSubject } from './stage.ts'
export { type Doorcode, type DoorcodeOptions, startDoorcode, type TestGrant, type TestUser } from './start-doorcode.ts'
export type { Duration, TestClock } from './test-clock.ts'
export { createProvider, sendOverWire, toolsFor } from './wire.ts'
