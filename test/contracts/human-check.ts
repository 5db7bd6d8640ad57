/** The contract of human checks, as tap tests. */
import { performance } from 'node:perf_hooks'
import type { Test } from 'tap'
import type { HumanCheck, NonceStore } from '../../src/core/guard/ports.ts'
import type { HumanCheckDefinition } from '../../src/guard/human-checks/check.ts'
import { assertExplained } from './explained-settings.ts'

/** Where answers come from in these tests: a documentation address (RFC 5737). */
export const CONTEXT = { address: '192.0.2.7' }

/** One check, and whoever it asks. */
export interface HumanCheckStage {
  check: HumanCheck
  /** An answer that passes once. */
  solve: () => string
  /** From now on nobody can say. */
  silence: () => Promise<void>
  close: () => Promise<void>
}

/** How the contract reaches one check. */
export interface HumanCheckSubject {
  definition: HumanCheckDefinition
  /** The values among the settings that nobody may see. */
  secrets: readonly string[]
  start: () => Promise<HumanCheckStage>
}

/** Remembers in this process what was used, and for how long it was asked to. */
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

/** What is an answer to nothing. */
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

/** Promises of every human check. */
export const testHumanCheck = (t: Test, { definition, secrets, start }: HumanCheckSubject): void => {
  const { name, settings } = definition

  const on = (sentence: string, act: (t: Test, stage: HumanCheckStage) => Promise<void>) => {
    t.test(`${name} ${sentence}`, async (t) => {
      const stage = await start()
      t.teardown(() => stage.close())
      await act(t, stage)
    })
  }

  t.test(`${name} explains each of its settings, which are called after it, and hides its secrets`, async (t) => {
    assertExplained(t, { name, settings }, /_SECRET$/)
  })

  on('asks with strings and numbers, under its name, and tells no secret', async (t, { check }) => {
    const challenge = check.challenge()
    t.equal(check.name, name)
    t.equal(challenge.kind, name)
    for (const [member, value] of Object.entries(challenge)) t.ok(['string', 'number'].includes(typeof value), member)
    for (const secret of secrets) t.notOk(JSON.stringify(challenge).includes(secret))
  })

  on('lets a right answer pass, once', async (t, { check, solve }) => {
    const answer = solve()
    t.equal(await check.verify(answer, CONTEXT), 'passed')
    t.equal(await check.verify(answer, CONTEXT), 'failed')
    t.equal(await check.verify(solve(), CONTEXT), 'passed', 'the next challenge is another one')
  })

  on('lets one of ten pass who give the same right answer at once', async (t, { check, solve }) => {
    const answer = solve()
    const results = await Promise.all(Array.from({ length: 10 }, () => check.verify(answer, CONTEXT)))
    t.same(results.sort(), [...Array(9).fill('failed'), 'passed'])
  })

  on('fails a wrong answer, which spoils the right one for nobody', async (t, { check, solve }) => {
    const answer = solve()
    t.equal(await check.verify(answer.slice(1), CONTEXT), 'failed')
    t.equal(await check.verify(answer, CONTEXT), 'passed')
  })

  on('fails garbage of any length', async (t, { check }) => {
    for (const answer of GARBAGE) {
      t.equal(await check.verify(answer, CONTEXT), 'failed', JSON.stringify(answer.slice(0, 40)))
    }
  })

  on('does without an address that is none', async (t, { check, solve }) => {
    for (const address of ['', 'unknown', '::1', '2001:db8::7']) {
      t.equal(await check.verify(solve(), { address }), 'passed', address)
    }
  })

  on('says within 2 s that nobody could say', async (t, { check, solve, silence }) => {
    const answer = solve()
    await silence()
    const since = performance.now()
    t.equal(await check.verify(answer, CONTEXT), 'unavailable')
    t.ok(performance.now() - since < 2_400)
  })
}
