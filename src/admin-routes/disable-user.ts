import { userChange } from './user-change.ts'

/** `POST /admin/users/:id/disable` disables a user. */
export const disableUser = userChange({
  action: 'disable',
  operationId: 'disableUser',
  summary: 'Disable a user',
  description:
    'Prevents logins to the account, and ends its pending logins, sessions and remembered devices. Issued access tokens stay valid until they expire.',
  apply: (users, userId) => users.setDisabled({ userId }, true),
})
