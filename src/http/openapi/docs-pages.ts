import { readFileSync } from 'node:fs'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { serveOpenApi } from './docs.ts'
import { mapPart, type Part } from './schemas.ts'

/** The pages load nothing and ask nobody but this server. */
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

/** What stands before the path in a link to a problem. */
const PROBLEM_LINK = /(?<=\]\()[^()"]*(?=\/problems\/)/g

/**
 * The document as the pages need it. The API and its problems are those they came from, by whatever name they were opened.
 * Headers that may be left out have no example, which would be sent: the same `Idempotency-Key` each time gets the same
 * answer.
 */
const forPages = (made: Part): Part => {
  const document = JSON.parse(JSON.stringify(made).replace(PROBLEM_LINK, '..')) as Part
  const components = document['components'] as Part
  const withoutExample = ({ example: _, ...parameter }: Part) => parameter
  return {
    ...document,
    // Relative to the page, for servers that are reached below a path of their own.
    servers: [{ url: '..' }],
    components: { ...components, parameters: mapPart(components['parameters'], withoutExample) },
  }
}

/** The page, by each address that it has, and what is asked of it. */
const PAGE = /^\/docs(|\/|\/static\/index\.html)(\?.*)?$/

/** The relative ways to its one address. The plug-in answers with paths from the root, which a proxy may not know. */
const WAYS: Record<string, string> = { '': 'docs/', '/': './', '/static/index.html': '../' }

/** Defined by `docs/try-it.js`; the function below is run by the page. */
declare const doorcodeTryIt: () => object

/** Serves the document and its pages, on which the whole flow can be tried. */
export const registerDocs = async (app: FastifyInstance): Promise<void> => {
  serveOpenApi(app)
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    uiHooks: {
      onRequest: async ({ url }, reply) => {
        const [, path, query] = PAGE.exec(url) ?? []
        const isThere = path === undefined || (path === '/' && query === undefined)
        if (!isThere) return reply.redirect(WAYS[path]!)
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
