import { type Finding, fault, ok, warning } from './finding.ts'

/** The input of the Redis check. */
export interface RedisLook {
  isSet: boolean
  /** Machines with instances, as the database sees them; undefined if the database could not be read. */
  instances: number | undefined
  /** Resolves when Redis responds. Throws if it does not. */
  ping: () => Promise<void>
}

/** Checks that several instances count requests per address together, in Redis. */
export const checkRedis = async ({ isSet, instances, ping }: RedisLook): Promise<Finding[]> => {
  if (!isSet)
    return [
      (instances ?? 0) > 1
        ? warning(
            'REDIS_URL',
            `Instances run on ${instances} machines, and each counts requests per address separately.`,
            'For example: REDIS_URL=redis://cache.example.com:6379',
          )
        : ok('REDIS_URL', 'It is not set, which is correct for one instance. Set it for several instances.'),
    ]
  try {
    await ping()
    return [ok('REDIS_URL', 'Redis responds.')]
  } catch (error) {
    return [
      fault(
        'REDIS_URL',
        `Redis does not respond: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}. Meanwhile each instance counts separately.`,
        'Start it, or correct the address.',
      ),
    ]
  }
}
