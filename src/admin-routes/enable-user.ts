import { userChange } from './user-change.ts'

/** `POST /admin/users/:id/enable`. */
export const enableUser = userChange({
  action: 'enable',
  operationId: 'enableUser',
  summary: 'Enable a user',
  description: 'The user may log in again. What was ended stays ended.',
  apply: (users, userId) => users.setDisabled({ userId }, false),
})
