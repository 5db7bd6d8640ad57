import { Problem } from '../errors.ts'
import type { RequestContext } from './terms.ts'

/** Longest time from a request to its answer, in ms. Callers are promised 5 s, and the network takes some of them. */
export const ANSWER_WITHIN = 4_800

/** Part of it that is kept for taking back a code that could not be sent, in ms. */
const WITHDRAWAL_TIME = 300

/** Shortest time in which a code is sent, in ms. */
const SHORTEST_SEND = 500

/** Makes the problem of a caller whose time is over. The wait is short, so that a repeated refresh falls within its grace. */
export const timeIsOver = (): Problem =>
  new Problem('service_unavailable', {
    retryAfter: 2 + Math.round(Math.random()),
    cause: new Error('no answer was possible in time'),
  })

/** Throws `service_unavailable` when the caller has had its answer, so that nothing more is used up for it. */
export const assertTime = ({ left }: Pick<RequestContext, 'left'>): void => {
  if (left() <= 0) throw timeIsOver()
}

/** Returns how long a send may take, in whole ms; undefined when too little time is left to begin it. */
export const timeToSend = ({ left }: Pick<RequestContext, 'left'>): number | undefined => {
  const within = Math.floor(left() - WITHDRAWAL_TIME)
  return within < SHORTEST_SEND ? undefined : within
}

/** Throws `service_unavailable` when too little time is left to send a code. */
export const assertTimeToSend = (context: Pick<RequestContext, 'left'>): void => {
  if (timeToSend(context) === undefined) throw timeIsOver()
}
