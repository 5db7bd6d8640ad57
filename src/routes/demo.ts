import { Problem } from '../errors.ts'
import type { Route } from './route.ts'

/** Nothing runs, loads or is asked that this server did not give, and no text ever becomes markup (ASVS 3.4.3). */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** `GET /demo`: the pages that show how a login looks to a user. For a browser, `GET /` leads there. */
export const demo: Route = (app, { demo: files }) => {
  if (!files) return
  const schema = { hide: true }
  for (const [path, { type, body }] of files) {
    app.route({
      method: 'GET',
      url: path === 'index.html' ? '/demo/' : `/demo/${path}`,
      schema,
      handler: (_request, reply) => reply.header('content-security-policy', POLICY).type(type).send(body),
    })
  }
  // Relative, for servers that are reached below a path of their own.
  app.route({ method: 'GET', url: '/demo', schema, handler: (_request, reply) => reply.redirect('demo/') })
  app.route({
    method: 'GET',
    url: '/',
    schema,
    handler: ({ headers }, reply) => {
      if (!headers.accept?.includes('text/html')) throw new Problem('not_found')
      return reply.redirect('demo/')
    },
  })
}
