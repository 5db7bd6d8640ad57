import { ADDRESS_LIMITS, WINDOW } from '../rate-limit.ts'
import { createSchemaNames, isPart, mapPart, openToMore, type Part, pascalCase } from './schemas.ts'

const PROBLEM = 'application/problem+json'

/** Operations without a rate limit. */
const UNCOUNTED = /^\/health\//

const { login: LOGINS } = ADDRESS_LIMITS

const text = (description: string) => ({ schema: { type: 'string' }, description })

/** The headers of every response. */
const EVERYWHERE = {
  'X-Request-Id': text('The id of the request, as in the log of the server.'),
}

/** The headers of responses to counted requests, including every 429. */
const COUNTED = {
  'RateLimit-Policy': text(
    `The rate limits of this request: \`"login";q=${LOGINS};w=${WINDOW}\` is ${LOGINS} requests in ${WINDOW} seconds from one address. Absent if rate limits are disabled.`,
  ),
  RateLimit: text(
    `The remaining requests of each limit: \`"login";r=${LOGINS - 1};t=${WINDOW}\` is ${LOGINS - 1} requests, and a reset in ${WINDOW} seconds.`,
  ),
}

/** Returns the usual spelling of a header name, which Fastify has in lower case. */
const headerName = (name: string) => name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase())

/** Returns whether a body has required members. Without any it is optional, but the plug-in marks every body as required. */
const needsBody = ({ content }: Part): boolean =>
  Object.values(content as Record<string, { schema?: Part }>).some(({ schema }) => schema?.['required'] !== undefined)

/**
 * Returns a copy of a document whose shared parts are in `components`: schemas with a `title`, headers, header
 * parameters, and the responses for the same problems. Adds the headers of every response, and omits tags without
 * operations.
 */
export const nameParts = (document: Part): Part => {
  const schemas = createSchemaNames()
  const shared: Record<'headers' | 'examples' | 'parameters' | 'responses', Map<string, unknown>> = {
    headers: new Map(),
    examples: new Map(),
    parameters: new Map(),
    responses: new Map(),
  }

  const share = (kind: keyof typeof shared, name: string, part: Part): Part => {
    const known = shared[kind].get(name)
    if (known && JSON.stringify(known) !== JSON.stringify(part)) throw new Error(`two ${kind} are called ${name}`)
    shared[kind].set(name, part)
    return { $ref: `#/components/${kind}/${name}` }
  }

  const withSchema = (part: Part): Part =>
    isPart(part['schema']) ? { ...part, schema: schemas.place(part['schema']) } : part

  const placeHeaders = (headers: unknown) =>
    mapPart(headers, (header, name) => share('headers', pascalCase(name), withSchema(header)))

  const placeContent = (content: unknown) =>
    mapPart(content, (media, type) => ({
      ...withSchema(media),
      ...(type === PROBLEM && {
        examples: mapPart(media['examples'], (example, name) => share('examples', name, example)),
      }),
    }))

  const placeResponse = (response: Part, isCounted: boolean): Part => {
    const problem = (response['content'] as Part | undefined)?.[PROBLEM]
    const own = response['headers'] as Part | undefined
    const placed = {
      ...response,
      headers: placeHeaders({ ...own, ...(isCounted && COUNTED), ...EVERYWHERE }),
      ...(isPart(response['content']) && { content: placeContent(mapPart(response['content'], openToMore)) }),
    }
    if (!isPart(problem)) return placed
    const codes = Object.keys((problem['examples'] ?? {}) as Part)
    return share('responses', codes.map(pascalCase).join('Or'), placed)
  }

  const placeParameter = (parameter: Part): Part => {
    const placed = withSchema(parameter)
    if (parameter['in'] !== 'header') return placed
    const name = headerName(String(parameter['name']))
    return share('parameters', pascalCase(name), { ...placed, name })
  }

  const placeOperation = (operation: Part, path: string): Part => {
    const { parameters, requestBody, responses, security = [] } = operation
    return {
      ...operation,
      security,
      ...(Array.isArray(parameters) && { parameters: parameters.map(placeParameter) }),
      ...(isPart(requestBody) && {
        requestBody: {
          ...requestBody,
          required: needsBody(requestBody),
          content: placeContent(requestBody['content']),
        },
      }),
      responses: mapPart(responses, (response, status) =>
        placeResponse(response, status === '429' || (Number(status) < 400 && !UNCOUNTED.test(path))),
      ),
    }
  }

  const paths = mapPart(document['paths'], (item, path) =>
    mapPart(item, (operation) => placeOperation(operation, path)),
  )
  const operations = Object.values(paths).flatMap((item) => Object.values(item as Part))
  const used = new Set(operations.flatMap((operation) => (operation as Part)['tags'] as string[]))
  const tags = (document['tags'] as { name: string }[]).filter(({ name }) => used.has(name))
  const parts = Object.entries(shared).filter(([, named]) => named.size > 0)
  return {
    ...document,
    tags,
    components: {
      ...(document['components'] as Part),
      ...Object.fromEntries(parts.map(([kind, named]) => [kind, Object.fromEntries([...named].sort())])),
      schemas: schemas.all(),
    },
    paths,
  }
}
