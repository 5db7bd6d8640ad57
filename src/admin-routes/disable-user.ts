import { userChange } from './user-change.ts'

/** `POST /admin/users/:id/disable`. */
export const disableUser = userChange({
  action: 'disable',
  operationId: 'disableUser',
  summary: 'Disable a user',
  description:
    'Nobody can log in as the user, and what the user had begun is over: pending logins, sessions and remembered devices. Access tokens that are out live until they expire.',
  apply: (users, userId) => users.setDisabled({ userId }, true),
})
