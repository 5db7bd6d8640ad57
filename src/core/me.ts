import { Problem } from '../errors.ts'
import type { FlowDeps } from './login.ts'
import type { Account } from './ports.ts'

/** The user an access token speaks for. Throws `invalid_token`, also when the user is gone or disabled by now. */
export const createMe =
  ({ accounts, tokens }: Pick<FlowDeps, 'accounts' | 'tokens'>) =>
  async (accessToken: string): Promise<Account> => {
    const account = await accounts.findById(tokens.verifyAccess(accessToken).userId)
    if (!account || account.disabled) throw new Problem('invalid_token')
    return account
  }
