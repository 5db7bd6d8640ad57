import { Problem } from '../errors.ts'
import type { RequestContext } from './terms.ts'

/** Longest time from a request to its response, in ms. The documented limit is 5 s; the rest is for the network. */
export const ANSWER_WITHIN = 4_800

/** The part of it that is reserved for withdrawing a code that could not be sent, in ms. */
const WITHDRAWAL_TIME = 300

/** Shortest time in which a code is sent, in ms. */
const SHORTEST_SEND = 500

/**
 * Makes the problem for a request whose time has run out. The wait is short, so that a repeated refresh is within its
 * grace.
 */
export const timeIsOver = (): Problem =>
  new Problem('service_unavailable', {
    retryAfter: 2 + Math.round(Math.random()),
    cause: new Error('no answer was possible in time'),
  })

/** Throws `service_unavailable` when the request's time has run out, so that no limits are used up for it. */
export const assertTime = ({ left }: Pick<RequestContext, 'left'>): void => {
  if (left() <= 0) throw timeIsOver()
}

/** Returns the time that a send may take, in whole ms; undefined when too little time is left. */
export const timeToSend = ({ left }: Pick<RequestContext, 'left'>): number | undefined => {
  const within = Math.floor(left() - WITHDRAWAL_TIME)
  return within < SHORTEST_SEND ? undefined : within
}

/** Throws `service_unavailable` when too little time is left to send a code. */
export const assertTimeToSend = (context: Pick<RequestContext, 'left'>): void => {
  if (timeToSend(context) === undefined) throw timeIsOver()
}
