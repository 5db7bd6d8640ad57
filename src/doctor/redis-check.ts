import { type Finding, fault, ok, warning } from './finding.ts'

/** What is set, how many machines were seen, and whether Redis answers. */
export interface RedisLook {
  isSet: boolean
  /** Machines on which instances run, as the database sees them; undefined where nobody could look. */
  instances: number | undefined
  /** Resolves when Redis answers. Throws when it does not. */
  ping: () => Promise<void>
}

/** Where requests per address are counted: in one place when there are several instances. */
export const checkRedis = async ({ isSet, instances, ping }: RedisLook): Promise<Finding[]> => {
  if (!isSet)
    return [
      (instances ?? 0) > 1
        ? warning(
            'REDIS_URL',
            `Instances run on ${instances} machines, and each counts requests per address by itself.`,
            'For example: REDIS_URL=redis://cache.example.com:6379',
          )
        : ok('REDIS_URL', 'It is not set, which is right for one instance. Set it when there are several.'),
    ]
  try {
    await ping()
    return [ok('REDIS_URL', 'Redis answers.')]
  } catch (error) {
    return [
      fault(
        'REDIS_URL',
        `Redis does not answer: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}. Each instance counts by itself meanwhile.`,
        'Start it, or mend the address.',
      ),
    ]
  }
}
