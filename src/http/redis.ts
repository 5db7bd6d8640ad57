import { Redis } from 'ioredis'

/**
 * A Redis client that fails at once rather than keep a request waiting: what is counted there can be counted locally.
 * Connects in the background and again whenever it was lost; `onError` is told of each failure.
 */
export const connectRedis = (url: string, onError: (error: Error) => void): Redis => {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 100,
    connectTimeout: 500,
    // A connection that the network has dropped without a word is replaced, not waited for.
    socketTimeout: 1_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  })
  redis.on('error', onError)
  return redis
}
