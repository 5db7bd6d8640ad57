import { setImmediate as settle } from 'node:timers/promises'
import t from 'tap'
import { createHashQueue } from '../../src/core/login/hash-queue.ts'
import { Problem } from '../../src/errors.ts'

/** Creates a queue with a manual clock and jobs that end on request. */
const createBench = ({ concurrency, maxWait }: { concurrency: number; maxWait: number }) => {
  let time = 0
  const queue = createHashQueue({ concurrency, maxWait, now: () => time })
  const running: { name: number; end: (error?: Error) => void }[] = []
  const started: number[] = []
  const bench = {
    /** The numbers of the jobs, in the order in which they started. */
    started,
    running: () => running.length,
    /** Adds one job and returns the promise of its outcome. */
    add(name = 0): Promise<string> {
      const outcome = queue(
        () =>
          new Promise<string>((resolve, reject) => {
            started.push(name)
            running.push({ name, end: (error) => (error ? reject(error) : resolve(`done ${name}`)) })
          }),
      )
      outcome.catch(() => {})
      return outcome
    },
    /** Advances the clock by `ms` and ends the job that started first. */
    async finish(ms: number, error?: Error) {
      time += ms
      running.shift()?.end(error)
      await settle()
    },
    /** Advances the clock by `ms`, ends all running jobs, and returns their number. */
    async finishAll(ms: number) {
      time += ms
      const ended = running.splice(0)
      for (const { end } of ended) end()
      await settle()
      return ended.length
    },
    /** Runs 100 jobs one by one, so that the queue estimates their duration. */
    async learn(ms: number) {
      for (let n = 0; n < 100; n += 1) {
        bench.add().catch(() => {})
        await settle()
        await bench.finish(ms)
      }
    },
    queue,
  }
  return bench
}

/** Returns the Retry-After of an `overloaded` problem. */
const refusal = async (outcome: Promise<unknown>): Promise<number | undefined> => {
  try {
    await outcome
  } catch (error) {
    if (error instanceof Problem && error.code === 'overloaded') return error.details.retryAfter
    throw error
  }
  return undefined
}

t.test('returns each job’s result and never exceeds the concurrency limit', async (t) => {
  for (const concurrency of [1, 2, 5]) {
    const bench = createBench({ concurrency, maxWait: 1_000_000 })
    const outcomes = Array.from({ length: 20 }, (_, name) => bench.add(name))
    let most = 0
    for (let ended = 0; ended < 20; ended += 1) {
      await settle()
      most = Math.max(most, bench.running())
      // A job added while a slot is handed on must wait.
      if (ended === 3) outcomes.push(bench.add(20))
      await bench.finish(10)
    }
    await bench.finish(10)
    t.equal(most, concurrency, `${concurrency} at once`)
    t.same(
      await Promise.all(outcomes),
      Array.from({ length: 21 }, (_, name) => `done ${name}`),
    )
  }
})

t.test('a new job does not take the slot that is handed to the next waiting job', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 1_000_000 })
  let inside = 0
  let most = 0
  const job = async () => {
    inside += 1
    most = Math.max(most, inside)
    await Promise.resolve()
    inside -= 1
  }
  const first = bench.queue(job)
  const second = bench.queue(job)
  // Adds a job in every microtask in which the slot could look free.
  const newcomers: Promise<void>[] = []
  for (let n = 0; n < 20; n += 1) {
    await Promise.resolve()
    newcomers.push(bench.queue(job))
  }
  await Promise.all([first, second, ...newcomers])
  t.equal(most, 1)
})

t.test('starts jobs in the order of their arrival', async (t) => {
  const bench = createBench({ concurrency: 2, maxWait: 1_000_000 })
  for (let name = 0; name < 10; name += 1) bench.add(name).catch(() => {})
  for (let ended = 0; ended < 10; ended += 1) {
    await settle()
    await bench.finish(10)
  }
  t.same(bench.started, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

t.test('refuses a job that would wait too long, at once and with a Retry-After', async (t) => {
  const bench = createBench({ concurrency: 2, maxWait: 2_000 })
  await bench.learn(500)
  // Two run; eight more take 4 rounds of 500 ms in 2 slots: exactly the longest wait.
  const taken = Array.from({ length: 10 }, (_, name) => bench.add(name))
  await settle()
  const refused = bench.add(99)
  const retryAfter = await refusal(refused)
  t.ok(retryAfter !== undefined && Number.isInteger(retryAfter) && retryAfter >= 2, `retry after ${retryAfter} s`)
  t.notOk(bench.started.includes(99), 'the refused job never ran')
  for (let round = 0; round < 5; round += 1) await bench.finishAll(500)
  t.equal((await Promise.all(taken)).length, 10, 'every accepted job is served')
})

t.test('queues only as many of 10,000 jobs as can start within the longest wait', async (t) => {
  const bench = createBench({ concurrency: 2, maxWait: 2_000 })
  await bench.learn(100)
  const outcomes = Array.from({ length: 10_000 }, (_, name) => refusal(bench.add(name)))
  await settle()
  let served = 0
  while (bench.running() > 0) served += await bench.finishAll(100)
  const refused = (await Promise.all(outcomes)).filter((retryAfter) => retryAfter !== undefined).length
  t.equal(served + refused, 10_000)
  t.ok(served >= 38 && served <= 43, `${served} served: 2 running and 2 s of waiting in 2 slots at 100 ms each`)
})

t.test('never refuses a job while a slot is free, even after slow jobs', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 10 })
  await bench.learn(60_000)
  t.equal(await refusal(Promise.race([bench.add(1), settle()])), undefined)
  t.equal(bench.running(), 1)
})

t.test('accepts jobs again as soon as the waiting jobs are served', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 1_000 })
  await bench.learn(600)
  const [running, waiting, refused] = [bench.add(1), bench.add(2), bench.add(3)]
  t.ok(await refusal(refused))
  await bench.finish(600)
  const later = bench.add(4)
  await bench.finish(600)
  await bench.finish(600)
  t.same(await Promise.all([running, waiting, later]), ['done 1', 'done 2', 'done 4'])
})

t.test('refuses jobs that have waited too long, and runs the next one', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 1_000 })
  await bench.learn(100)
  const slow = bench.add(1)
  const waiting = [bench.add(2), bench.add(3)]
  await settle()
  await bench.finish(5_000)
  t.equal(await slow, 'done 1')
  for (const outcome of waiting)
    t.ok(await refusal(Promise.race([outcome, settle()])), 'refused after the longest wait')
  const next = bench.add(4)
  await settle()
  await bench.finish(100)
  t.equal(await next, 'done 4')
  t.same(bench.started.slice(-2), [1, 4])
})

t.test('adapts its estimate when jobs become faster', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 1_000 })
  await bench.learn(10_000)
  const first = bench.add(1)
  t.ok(await refusal(bench.add(2)), 'while the estimate is 10 s')
  await bench.finish(10)
  await first
  await bench.learn(10)
  bench.add(3).catch(() => {})
  t.equal(await refusal(Promise.race([bench.add(4), settle()])), undefined)
})

t.test('a failing job rejects with its own error and frees its slot', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 1_000 })
  const failing = bench.add(1)
  const waiting = bench.add(2)
  await bench.finish(10, new Error('broken hash'))
  await t.rejects(failing, { message: 'broken hash' })
  await bench.finish(10)
  t.equal(await waiting, 'done 2')
})

t.test('a job that throws synchronously frees its slot', async (t) => {
  const bench = createBench({ concurrency: 1, maxWait: 1_000 })
  const broken = bench.queue(() => {
    throw new Error('no hash')
  })
  await t.rejects(broken, { message: 'no hash' })
  const next = bench.add(1)
  await settle()
  await bench.finish(10)
  t.equal(await next, 'done 1')
})
