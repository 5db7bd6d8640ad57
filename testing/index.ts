/** The tests that every provider passes, for those who write one: see `docs/add-a-provider.md`. */
export type {
  CompanyMode,
  CompanyReply,
  CompanyVoice,
  FakeCompany,
  ReceivedRequest,
} from './fake-company.ts'
export { COMPANY_RETRY_AFTER, startFakeCompany } from './fake-company.ts'
export { providerContract } from './provider-contract.ts'
export { type ReceiptSubject, type ReceiptWish, receiptContract } from './receipt-contract.ts'
export { MESSAGE } from './sending.ts'
export type { ContractCase, ProviderSubject } from './stage.ts'
export { createProvider, sendOverWire, toolsFor } from './wire.ts'
