import AjvCompiler from '@fastify/ajv-compiler'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance } from 'fastify'

/** Returns `compile` with a memory: schemas that say the same are compiled once for all routes and apps. */
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
      // A numeric code must not become a string, nor an unknown member vanish.
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
 * Compiles the schemas of this app's routes. The serializer of a success lets nothing through that its schema does not
 * name. Problems are written by their own renderer: compiling their dozen schemas a route would double the time that a
 * start takes.
 */
export const registerCompilers = (app: FastifyInstance): void => {
  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler((route) =>
    Number(route.httpStatus) >= 400 ? JSON.stringify : compileSerializer(route as Parameters<typeof build>[0]),
  )
}
