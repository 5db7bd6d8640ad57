import AjvCompiler from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance } from 'fastify'

/** Returns a memoized `compile`: equal schemas are compiled once for all routes and apps. */
const once = <Route extends { schema?: unknown }, Compiled>(compile: (route: Route) => Compiled) => {
  const compiled = new Map<string, Compiled>()
  return (route: Route): Compiled => {
    const key = JSON.stringify(route.schema)
    if (!compiled.has(key)) compiled.set(key, compile(route))
    return compiled.get(key)!
  }
}

const compileValidator = once(
  AjvCompiler()(
    {},
    {
      // A number must not become a code, and an unknown member must not be removed silently.
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        verbose: true,
      },
    },
  ),
)

const build = SerializerSelector()({}, {})
const compileSerializer = once(build)

/**
 * Registers the compilers of the routes' schemas. The serializer of a success drops members that its schema does not
 * list. Problem schemas are not compiled, because compiling a dozen for each route would double the start time; the
 * problem renderer writes them.
 */
export const registerCompilers = (app: FastifyInstance): void => {
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler((route) =>
    Number(route.httpStatus) >= 400 ? JSON.stringify : compileSerializer(route as Parameters<typeof build>[0]),
  )
}
