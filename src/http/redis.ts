import { Redis } from 'ioredis'

/**
 * Connects a Redis client that fails at once instead of delaying a request, because requests can be counted locally.
 * Connects and reconnects in the background. Calls `onError` for each failure.
 */
export const connectRedis = (url: string, onError: (error: Error) => void): Redis => {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 100,
    connectTimeout: 500,
    // Replaces a connection that the network dropped silently.
    socketTimeout: 1_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 2_000),
  })
  redis.on('error', onError)
  return redis
}
