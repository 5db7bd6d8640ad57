import { readFileSync } from 'node:fs'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { serveOpenApi } from './docs.ts'
import { mapPart, type Part } from './schemas.ts'

/** The Content-Security-Policy of the pages: they load resources only from this server. */
const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

const fileFor = (filename: string) => ({
  filename,
  content: readFileSync(new URL(`./docs-assets/${filename}`, import.meta.url), 'utf8'),
})

/** The part before the path in a link to a problem. */
const PROBLEM_LINK = /(?<=\]\()[^()"]*(?=\/problems\/)/g

/**
 * Returns the document for the pages. The server and the links to problems are relative, so that they work under any host
 * name. Header parameters have no examples, because the pages would send them: the same `Idempotency-Key` would always
 * return the same response.
 */
const forPages = (made: Part): Part => {
  const document = JSON.parse(JSON.stringify(made).replace(PROBLEM_LINK, '..')) as Part
  const components = document['components'] as Part
  const withoutExample = ({ example: _, ...parameter }: Part) => parameter
  return {
    ...document,
    // Relative to the page, because a proxy may serve this server below a path.
    servers: [{ url: '..' }],
    components: { ...components, parameters: mapPart(components['parameters'], withoutExample) },
  }
}

/** The paths of the page with an optional query. */
const PAGE = /^\/docs(|\/|\/static\/index\.html)(\?.*)?$/

/** Relative redirects to `/docs/`. The plug-in redirects to absolute paths, which fail behind a proxy with a path. */
const REDIRECTS: Record<string, string> = { '': 'docs/', '/': './', '/static/index.html': '../' }

/** Defined by `docs-assets/try-it.js`. The browser runs the function that calls it. */
declare const doorcodeTryIt: () => object

/** Serves the OpenAPI document, and the pages on which users can try the API. */
export const registerDocs = async (app: FastifyInstance): Promise<void> => {
  serveOpenApi(app)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    uiHooks: {
      onRequest: async ({ url }, reply) => {
        const [, path, query] = PAGE.exec(url) ?? []
        const isCanonical = path === undefined || (path === '/' && query === undefined)
        if (!isCanonical) return reply.redirect(REDIRECTS[path]!)
      },
    },
    transformSpecification: forPages,
    transformSpecificationClone: false,
    theme: { title: 'Doorcode', js: [fileFor('try-it.js')], css: [fileFor('docs.css')] },
    uiConfig: {
      layout: 'BaseLayout',
      plugins: [() => doorcodeTryIt()],
      tryItOutEnabled: true,
      persistAuthorization: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      docExpansion: 'list',
    } as object,
  })
}
