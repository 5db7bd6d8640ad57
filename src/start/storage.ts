import type { Redis } from 'ioredis'
import { createDatabase, type Database } from '../store/database.ts'
import type { Foundation } from './foundation.ts'
import type { OpenedDatabase, ServiceOptions } from './service-options.ts'

/** The database, and Redis where it is set. */
export interface Storage {
  database: Database
  redis: Redis | undefined
  demoUser: OpenedDatabase['demoUser']
}

/** Opens the database, which may be an embedded one, with its connection pool, and the client of Redis. */
export const openStorage = async (
  opened: AsyncDisposableStack,
  { settings, logger }: Foundation,
  openDatabase: ServiceOptions['openDatabase'],
): Promise<Storage> => {
  const { url, demoUser } = opened.adopt(await openDatabase(settings), async ({ close }) => close())
  const { REDIS_URL: redisUrl, DATABASE_POOL_SIZE: poolSize } = settings

  let redis: Redis | undefined
  if (redisUrl !== undefined) {
    // The client is loaded only where it is used.
    const { connectRedis } = await import('../http/redis.ts')
    const onError = (error: Error) => logger.warn({ event: 'redis_lost', err: error }, 'redis lost')
    redis = opened.adopt(connectRedis(redisUrl, onError), (client) => client.disconnect())
  }

  const onIdleError = (error: Error) =>
    logger.warn({ event: 'database_connection_lost', err: error }, 'database connection lost')
  const database = opened.adopt(createDatabase({ url, poolSize, onIdleError }), ({ close }) => close())
  return { database, redis, demoUser }
}
