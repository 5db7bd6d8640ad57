import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance } from 'fastify'

/**
 * Compiles a serializer for each success of each route, which lets nothing through that its schema does not name. Problems
 * are written by their own renderer: compiling their dozen schemas a route would double the time that a start takes.
 */
export const registerSerializers = (app: FastifyInstance): void => {
  const compile = SerializerSelector()({}, {})
  app.setSerializerCompiler((route) =>
    Number(route.httpStatus) >= 400 ? JSON.stringify : compile(route as Parameters<typeof compile>[0]),
  )
}
