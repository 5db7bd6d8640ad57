import { Type } from 'typebox'
import { USERNAME_MAX_LENGTH } from '../core/login/username.ts'
import { isCleanText } from '../core/typed-text.ts'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import type { AdminRoute } from './admin-route.ts'
import { ADMIN_PROBLEMS, AdminUser, Limit, limitOf, PAGE_EXAMPLE, userBody } from './schemas.ts'

const toCursor = (name: string): string => Buffer.from(name).toString('base64url')

/** Returns the last user name of the previous page. Throws `validation_failed` for an invalid cursor. */
const fromCursor = (cursor: string): string => {
  const name = Buffer.from(cursor, 'base64url').toString()
  if (toCursor(name) === cursor && isCleanText(name)) return name
  throw new Problem('validation_failed', {
    errors: [{ path: '/query/after', message: 'must be `next` of a previous response' }],
  })
}

const UserPage = Exactly(
  {
    users: Type.Array(AdminUser, { description: 'The users in the order of their names.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'The value of `after` for the next page; null on the last page.',
      examples: [PAGE_EXAMPLE.next],
    }),
  },
  { title: 'UserPage', description: 'A page of users.', examples: [PAGE_EXAMPLE] },
)

/** `GET /admin/users` lists all users or the results of a search, page by page. */
export const listUsers: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users',
    config: { scope: 'users:read' },
    schema: {
      operationId: 'listUsers',
      tags: ['Users'],
      summary: 'List or search users',
      description:
        'Users are sorted by the code points of their normalized names. Each page starts after the last name of the previous page, so that added and removed users do not shift the pages.',
      querystring: Exactly({
        q: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: USERNAME_MAX_LENGTH,
            description:
              'The beginning of the user name, in any case and width, or a complete phone number with its country code. Write the plus sign as `%2B`.',
            examples: ['ali'],
          }),
        ),
        limit: Limit,
        after: Type.Optional(
          Type.String({
            // NFKC expands one character to up to 18.
            maxLength: 6_144,
            pattern: '^[A-Za-z0-9_-]+$',
            description: 'The value of `next` in the previous page. Send the same `q`.',
            examples: ['YWxpY2U'],
          }),
        ),
      }),
      response: {
        200: answer('A page of users.', UserPage),
        ...problems(...ADMIN_PROBLEMS),
      },
    },
    handler: async ({ query: { q, limit, after } }) => {
      const { users, next } = await deps.users.search({
        q,
        phone: q === undefined ? undefined : deps.canonicalPhone(q),
        limit: limitOf(limit),
        after: after === undefined ? undefined : fromCursor(after),
      })
      return { users: users.map(userBody), next: next === undefined ? null : toCursor(next) }
    },
  })
}
