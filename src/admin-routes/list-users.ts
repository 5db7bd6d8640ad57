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

/** The name that a page ended with. Throws `validation_failed` for what no page gave. */
const fromCursor = (cursor: string): string => {
  const name = Buffer.from(cursor, 'base64url').toString()
  if (toCursor(name) === cursor && isCleanText(name)) return name
  throw new Problem('validation_failed', { errors: [{ path: '/query/after', message: 'is no `next` of an answer' }] })
}

const UserPage = Exactly(
  {
    users: Type.Array(AdminUser, { description: 'In the order of their names.' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: '`after` of the next page; null on the last one.',
      examples: [PAGE_EXAMPLE.next],
    }),
  },
  { title: 'UserPage', description: 'A page of users.', examples: [PAGE_EXAMPLE] },
)

/** `GET /admin/users`: the users, page by page, or those that a search finds. */
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
        'In the order of the code points of their normalised names. A page goes on behind the last name of the one before, so that users who come and go meanwhile move nobody else.',
      querystring: Exactly({
        q: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: USERNAME_MAX_LENGTH,
            description:
              'How the name begins, in any case and width; or a whole phone number with its country code, whose `+` is written `%2B`.',
            examples: ['ali'],
          }),
        ),
        limit: Limit,
        after: Type.Optional(
          Type.String({
            // NFKC makes up to 18 characters of one.
            maxLength: 6_144,
            pattern: '^[A-Za-z0-9_-]+$',
            description: '`next` of the page before, with the same `q`.',
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
