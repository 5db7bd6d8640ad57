import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { timeIsOver } from '../core/deadline.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The deadline of the response, in ms of `performance.now()`. */
    answerBy: number
    /** The time at which reading of the body began, in ms of `performance.now()`. */
    readFrom: number
  }
}

/**
 * Gives each request one deadline of `within` ms, which its hooks and its handler share and `contextOf` passes on. The
 * time to receive the body does not count. After the deadline the caller gets `service_unavailable`, and the handler
 * continues in the background so that it can undo its work. The close of the app waits for such handlers.
 */
export const registerDeadline = (app: FastifyInstance, within: number): void => {
  const late = new Set<Promise<unknown>>()
  app.decorateRequest('answerBy', 0)
  app.decorateRequest('readFrom', 0)
  app.addHook('onRequest', (request, _reply, done) => {
    request.answerBy = performance.now() + within
    done()
  })
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    request.readFrom = performance.now()
    done()
  })
  app.addHook('preValidation', (request, _reply, done) => {
    request.answerBy += performance.now() - request.readFrom
    done()
  })

  const inTime = async (work: Promise<unknown>, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<never>((_resolve, reject) => {
      const end = () => {
        if (reply.sent) return
        const ended = work.catch(() => {}).finally(() => late.delete(ended))
        late.add(ended)
        reject(timeIsOver())
      }
      timer = setTimeout(end, Math.max(0, request.answerBy - performance.now()))
    })
    try {
      return await Promise.race([work, over])
    } finally {
      clearTimeout(timer)
    }
  }
  app.addHook('onRoute', (route) => {
    const { handler } = route
    route.handler = function (request, reply) {
      const work: unknown = handler.call(this, request, reply)
      return work instanceof Promise ? inTime(work, request, reply) : work
    }
  })
  app.addHook('onClose', async () => {
    await Promise.allSettled(late)
  })
}
