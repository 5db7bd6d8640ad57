import type { Redis } from 'ioredis'
import { createDatabase, type Database } from '../store/database.ts'
import type { Foundation } from './foundation.ts'
import type { OpenedDatabase, ServiceOptions } from './service-options.ts'

/** The database, and the Redis client if `REDIS_URL` is set. */
export interface Storage {
  database: Database
  redis: Redis | undefined
  demoUser: OpenedDatabase['demoUser']
}

/** Opens the connection pool of the database, which may be the embedded one, and the Redis client. */
export const openStorage = async (
  opened: AsyncDisposableStack,
  { settings, logger }: Foundation,
  openDatabase: ServiceOptions['openDatabase'],
): Promise<Storage> => {
  const { url, demoUser } = opened.adopt(await openDatabase(settings), async ({ close }) => close())
  const { REDIS_URL: redisUrl, DATABASE_POOL_SIZE: poolSize } = settings

  let redis: Redis | undefined
  if (redisUrl !== undefined) {
    // Load the client only if it is used.
    const { connectRedis } = await import('../http/redis.ts')
    const onError = (error: Error) => logger.warn({ event: 'redis_lost', err: error }, 'lost the connection to Redis')
    redis = opened.adopt(connectRedis(redisUrl, onError), (client) => client.disconnect())
  }

  const onIdleError = (error: Error) =>
    logger.warn({ event: 'database_connection_lost', err: error }, 'lost a connection to the database')
  const database = opened.adopt(createDatabase({ url, poolSize, onIdleError }), ({ close }) => close())
  return { database, redis, demoUser }
}
