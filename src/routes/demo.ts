import { Problem } from '../errors.ts'
import type { Route } from './route.ts'

/** The Content-Security-Policy of the demo: only resources of this server, and no text becomes markup (ASVS 3.4.3). */
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

/** `GET /demo` serves the demo pages. `GET /` redirects browsers there. */
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
  // Relative, because a proxy may serve this server below a path.
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
