/** The contract of human checks, as tap tests. */
import { performance } from 'node:perf_hooks'
import type { Test } from 'tap'
import type { HumanCheck, NonceStore } from '../../src/core/guard/ports.ts'
import type { HumanCheckDefinition } from '../../src/guard/human-checks/check.ts'
import { assertExplained } from './explained-settings.ts'

/** The client of these tests: a documentation address (RFC 5737). */
export const CONTEXT = { address: '192.0.2.7' }

/** One check, and the service that it calls. */
export interface HumanCheckStage {
  check: HumanCheck
  /** Returns an answer that passes once. */
  solve: () => string
  /** Makes the service unreachable from now on. */
  silence: () => Promise<void>
  close: () => Promise<void>
}

/** One check as the contract sees it. */
export interface HumanCheckSubject {
  definition: HumanCheckDefinition
  /** The secret values among the settings. */
  secrets: readonly string[]
  start: () => Promise<HumanCheckStage>
}

/** Creates a nonce store in memory that records each used nonce with its lifetime. */
export const createMemoryNonces = (): NonceStore & { used: Map<string, number> } => {
  const used = new Map<string, number>()
  return {
    used,
    use: async (nonce, ttl) => {
      const isFresh = !used.has(nonce)
      if (isFresh) used.set(nonce, ttl)
      return isFresh
    },
  }
}

/** Answers that no check accepts. */
export const GARBAGE: readonly string[] = [
  '',
  ' ',
  ':',
  '.',
  '...:',
  '\0',
  '\ud800',
  'é'.repeat(100),
  '{"success":true}',
  'a&response=b',
  '../../',
  'a\r\nb: c',
  'x'.repeat(4_096),
  'x'.repeat(1_000_000),
  `${'.'.repeat(100_000)}:${':'.repeat(100_000)}`,
]

/** Declares the tests that every human check must pass. */
export const testHumanCheck = (t: Test, { definition, secrets, start }: HumanCheckSubject): void => {
  const { name, settings } = definition

  const on = (sentence: string, act: (t: Test, stage: HumanCheckStage) => Promise<void>) => {
    t.test(`${name} ${sentence}`, async (t) => {
      const stage = await start()
      t.teardown(() => stage.close())
      await act(t, stage)
    })
  }

  t.test(`${name} describes each setting, prefixes it with its name and marks secrets`, async (t) => {
    assertExplained(t, { name, settings }, /_SECRET$/)
  })

  on('sends a challenge of strings and numbers under its name, without secrets', async (t, { check }) => {
    const challenge = check.challenge()
    t.equal(check.name, name)
    t.equal(challenge.kind, name)
    for (const [member, value] of Object.entries(challenge)) t.ok(['string', 'number'].includes(typeof value), member)
    for (const secret of secrets) t.notOk(JSON.stringify(challenge).includes(secret))
  })

  on('accepts a correct answer once', async (t, { check, solve }) => {
    const answer = solve()
    t.equal(await check.verify(answer, CONTEXT), 'passed')
    t.equal(await check.verify(answer, CONTEXT), 'failed')
    t.equal(await check.verify(solve(), CONTEXT), 'passed', 'the answer to a new challenge passes')
  })

  on('accepts one of ten parallel uses of the same correct answer', async (t, { check, solve }) => {
    const answer = solve()
    const results = await Promise.all(Array.from({ length: 10 }, () => check.verify(answer, CONTEXT)))
    t.same(results.sort(), [...Array(9).fill('failed'), 'passed'])
  })

  on('fails a wrong answer and still accepts the correct one', async (t, { check, solve }) => {
    const answer = solve()
    t.equal(await check.verify(answer.slice(1), CONTEXT), 'failed')
    t.equal(await check.verify(answer, CONTEXT), 'passed')
  })

  on('fails malformed answers of any length', async (t, { check }) => {
    for (const answer of GARBAGE) {
      t.equal(await check.verify(answer, CONTEXT), 'failed', JSON.stringify(answer.slice(0, 40)))
    }
  })

  on('accepts a correct answer without a usable address', async (t, { check, solve }) => {
    for (const address of ['', 'unknown', '::1', '2001:db8::7']) {
      t.equal(await check.verify(solve(), { address }), 'passed', address)
    }
  })

  on('reports within 2 s that the check is unavailable', async (t, { check, solve, silence }) => {
    const answer = solve()
    await silence()
    const since = performance.now()
    t.equal(await check.verify(answer, CONTEXT), 'unavailable')
    t.ok(performance.now() - since < 2_400)
  })
}
