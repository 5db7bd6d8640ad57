import type { AboutApi } from '../http/openapi/docs.ts'

const DESCRIPTION = `
For the backends beside the service: users, their sessions, and what was decided about them. It has a listener of its own,
which need not be reachable from outside.

Each call carries a key, \`Authorization: Bearer adm_…\`, made by \`doorcode admin-key new\` with the scopes it needs, and is
kept in the audit trail with the key's name. Each operation names the scope that it demands.

Everything that is not a success is an \`application/problem+json\` (RFC 9457). Switch on its \`code\`; its \`type\` is the
address of a page about it. 429 and 503 say in \`Retry-After\` how many seconds to wait.
`.trim()

/** What the document of the admin API says besides its operations. */
export const aboutAdminApi = ({ issuer, version }: { issuer: string; version: string }): AboutApi => ({
  title: 'Doorcode admin',
  description: DESCRIPTION,
  version,
  issuer,
  // Where it listens is for no caller to know but those who read it there.
  servers: [{ url: '/', description: 'The address that you reach it by.' }],
  tags: [
    { name: 'Users', description: 'Who may log in.' },
    { name: 'Sessions', description: 'Who is logged in.' },
  ],
  securitySchemes: {
    adminKey: {
      type: 'http',
      scheme: 'bearer',
      description: 'A key with the scope that the operation names.',
    },
  },
  // From where it is enforced, so that it is said once.
  transform: ({ schema, url, route: { config } }) => ({
    schema: config?.scope ? { ...schema, security: [{ adminKey: [config.scope] }] } : schema,
    url,
  }),
})
