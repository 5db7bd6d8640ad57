import type { AboutApi } from '../http/openapi/docs.ts'

const DESCRIPTION = `
The API for your backends: manages users and sessions, and reads the audit trail. It listens on a separate port, which does
not need to be reachable from the internet.

Each call needs an admin key, \`Authorization: Bearer adm_…\`. Create one with \`doorcode admin-key new\` and the scopes that
it needs. Each operation names its required scope. The audit trail records every call with the name of its key.

Every error response is an \`application/problem+json\` (RFC 9457). Switch on its \`code\`; its \`type\` is the URL of a page
about it. Responses with 429 and 503 have the number of seconds to wait in \`Retry-After\`.
`.trim()

/** Returns the description of the admin API for its OpenAPI document, without the operations. */
export const aboutAdminApi = ({ issuer, version }: { issuer: string; version: string }): AboutApi => ({
  title: 'Doorcode admin',
  description: DESCRIPTION,
  version,
  issuer,
  // Relative: the document does not reveal the address of the admin listener.
  servers: [{ url: '/', description: 'The address of the admin listener.' }],
  tags: [
    { name: 'Users', description: 'User accounts and their audit trail.' },
    { name: 'Sessions', description: 'The sessions of users.' },
  ],
  securitySchemes: {
    adminKey: {
      type: 'http',
      scheme: 'bearer',
      description: 'An admin key with the scope that the operation names.',
    },
  },
  // Reads the scope from the config that enforces it, so that it is stated once.
  transform: ({ schema, url, route: { config } }) => ({
    schema: config?.scope ? { ...schema, security: [{ adminKey: [config.scope] }] } : schema,
    url,
  }),
})
