import { randomBytes, randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { ChallengeStore, IdempotentRequest, MadeCode } from '../../src/core/challenge/ports.ts'
import type { SendEntry } from '../../src/core/delivery/ports.ts'
import { policyFor } from '../../src/core/guard/rules.ts'

/** A store with one account, and controls for its clock and its account. */
export interface ChallengeStoreFixture {
  store: ChallengeStore
  userId: string
  phone: string
  /** Advances the clock by whole seconds. */
  pass(seconds: number): Promise<void>
  setFailures(count: number): Promise<void>
  /** Disables the account, which raises its epoch. */
  disable(): Promise<void>
}

/** Creates a ledger entry. */
export const sendEntry = (changes: Partial<SendEntry> = {}): SendEntry => ({
  sendId: randomUUID(),
  provider: 'test',
  channel: 'sms',
  country: 'US',
  prefix: '+1202555',
  phoneHash: Buffer.alloc(32, 1),
  segments: 1,
  price: null,
  ...changes,
})

/** A policy without rules, for codes that live 300 s. */
export const NO_RULES = policyFor({
  budgets: {},
  codeTtl: 300,
  cooldowns: [30],
  humanCheck: false,
  caps: false,
  fraud: false,
})

/** Creates a code with a message to a number that the guard does not check. */
export const madeCode = (hash: Buffer | null, entry = sendEntry(), phone = '+12025550143'): MadeCode => ({
  hash,
  options: null,
  send: {
    entry,
    guard: { phone, applies: false, safe: false, human: false, host: '192.0.2.1', network: '192.0.2.0/24' },
  },
  request: undefined,
})

/** The password attempt that leads to a challenge. */
export const attempt = { pair: Buffer.alloc(32), name: Buffer.alloc(32), host: '192.0.2.1' }

/** Returns the session that a correct guess opens. */
export const newSession = () => ({
  session: { sessionId: randomUUID(), refreshHash: randomBytes(32), name: null, address: '192.0.2.1' },
  amr: { sms: ['pwd', 'sms', 'mfa'], voice: ['pwd', 'tel', 'mfa'], whatsapp: ['pwd', 'sms', 'mfa'] },
})

/** Declares the tests that every challenge store must pass. */
export const challengeStoreContract = (t: Test, createFixture: (t: Test) => Promise<ChallengeStoreFixture>) => {
  const setUp = async (t: Test) => {
    const fixture = await createFixture(t)
    const { store, userId, phone } = fixture
    const begin = async (codeHash = randomBytes(32), authEpoch = 0, request?: IdempotentRequest) => {
      const ref = { challengeId: randomUUID(), userId, purpose: 'login' as const }
      const result = await store.begin({
        ...ref,
        ...madeCode(codeHash),
        factor: 'sms',
        destination: phone,
        authEpoch,
        attempt,
        request,
      })
      return { ref, result, codeHash }
    }
    type Begun = Awaited<ReturnType<typeof begin>>
    const guess = ({ ref }: Begun, codeHash: Buffer = randomBytes(32)) =>
      store.guess({ ...ref, factor: 'sms', proof: { hash: codeHash }, ...newSession() })
    return { ...fixture, begin, guess }
  }

  const requestWith = (keyHash: Buffer) => ({
    keyHash,
    fingerprint: Buffer.alloc(32, 5),
    issuedAt: 1_700_000_000,
    secretId: 'one',
  })

  t.test('a correct guess spends the challenge once', async (t) => {
    const { begin, guess, store } = await setUp(t)
    const begun = await begin()
    t.match(begun.result, { outcome: 'issued', expiresIn: 300, resendIn: 30, undo: { formerChallengeId: null } })
    t.match(await guess(begun, begun.codeHash), { outcome: 'spent', session: { amr: newSession().amr.sms } })
    t.strictSame(await guess(begun, begun.codeHash), { outcome: 'gone' })
    t.match(await store.find(begun.ref), { state: 'approved', attemptsLeft: 4 })
  })

  t.test('wrong guesses count down, and the sixth guess is refused', async (t) => {
    const { begin, guess, store } = await setUp(t)
    const begun = await begin()
    for (const attemptsLeft of [4, 3, 2, 1, 0]) t.strictSame(await guess(begun), { outcome: 'wrong', attemptsLeft })
    t.strictSame(await guess(begun, begun.codeHash), { outcome: 'gone' })
    t.match(await store.find(begun.ref), { state: 'closed', attemptsLeft: 0 })
  })

  t.test('a second begin waits for the cooldown and then replaces the first', async (t) => {
    const { begin, guess, pass } = await setUp(t)
    const first = await begin()
    t.match((await begin()).result, { outcome: 'cooldown', retryAfter: 30 })
    t.match(await guess(first, first.codeHash), { outcome: 'spent' }, 'the first challenge is still valid')
    await pass(30)
    const second = await begin()
    await pass(30)
    const third = await begin()
    t.match(third.result, { outcome: 'issued', resendIn: 60, undo: { formerChallengeId: second.ref.challengeId } })
    t.strictSame(await guess(second, second.codeHash), { outcome: 'gone' })
  })

  t.test('a withdrawn begin restores the previous challenge', async (t) => {
    const { begin, guess, pass, store } = await setUp(t)
    const first = await begin()
    await pass(30)
    const second = await begin()
    if (second.result.outcome !== 'issued') throw new Error('not begun')
    await store.withdrawBegin(second.ref, second.result.undo)
    t.equal(await store.find(second.ref), undefined)
    t.match(await guess(first, first.codeHash), { outcome: 'spent' })
    t.match((await begin()).result, { outcome: 'issued' })
  })

  t.test('a new code invalidates the previous one and restores no attempts', async (t) => {
    const { begin, guess, pass, store } = await setUp(t)
    const begun = await begin()
    await guess(begun)
    const codeHash = randomBytes(32)
    t.match(await store.replaceCode({ ...begun.ref, ...madeCode(codeHash) }), {
      outcome: 'cooldown',
      retryAfter: 30,
    })
    await pass(30)
    t.match(await store.replaceCode({ ...begun.ref, ...madeCode(codeHash) }), {
      outcome: 'issued',
      expiresIn: 270,
      resendIn: 60,
    })
    t.strictSame(await guess(begun, begun.codeHash), { outcome: 'wrong', attemptsLeft: 3 })
    t.match(await guess(begun, codeHash), { outcome: 'spent', session: { amr: newSession().amr.sms } })
    t.strictSame(await store.replaceCode({ ...begun.ref, ...madeCode(codeHash) }), {
      outcome: 'gone',
    })
  })

  t.test('a withdrawn code restores the previous one', async (t) => {
    const { begin, guess, pass, store } = await setUp(t)
    const begun = await begin()
    await pass(30)
    const codeHash = randomBytes(32)
    const replaced = await store.replaceCode({ ...begun.ref, ...madeCode(codeHash) })
    if (replaced.outcome !== 'issued') throw new Error('not replaced')
    await store.withdrawReplace(begun.ref, replaced.undo)
    t.match(await guess(begun, codeHash), { outcome: 'wrong' })
    t.match(await store.replaceCode({ ...begun.ref, ...madeCode(begun.codeHash) }), {
      outcome: 'issued',
    })
    t.match(await guess(begun, begun.codeHash), { outcome: 'spent', session: { amr: newSession().amr.sms } })
  })

  t.test('a new code replaces the options of the previous one, and a withdrawn code restores them', async (t) => {
    const { begin, pass, store, userId } = await setUp(t)
    const { ref } = await begin()
    const keyHash = randomBytes(32)
    const replace = (number: number, request?: IdempotentRequest) =>
      store.replaceCode({ ...ref, ...madeCode(randomBytes(32)), options: { number }, request })
    await pass(30)
    t.match(await replace(1, requestWith(keyHash)), { outcome: 'issued' })
    t.strictSame((await store.find(ref))?.options, { number: 1 })
    t.strictSame((await store.findReplay(keyHash, userId))?.options, { number: 1 }, 'a repeated call gets them too')
    await pass(60)
    const second = await replace(2)
    if (second.outcome !== 'issued') throw new Error('not replaced')
    t.strictSame((await store.find(ref))?.options, { number: 2 })
    await store.withdrawReplace(ref, second.undo)
    t.strictSame((await store.find(ref))?.options, { number: 1 })
  })

  t.test('a challenge expires', async (t) => {
    const { begin, guess, pass, store } = await setUp(t)
    const begun = await begin()
    await pass(300)
    t.strictSame(await guess(begun, begun.codeHash), { outcome: 'gone' })
    t.match(await store.find(begun.ref), { state: 'closed', expiresIn: 0 })
  })

  t.test('the 10th failure locks the factor and the 100th disables it, across challenges', async (t) => {
    const { begin, guess, pass, setFailures, store } = await setUp(t)
    await setFailures(9)
    const begun = await begin()
    t.strictSame(await guess(begun), { outcome: 'wrong', attemptsLeft: 0 })
    t.strictSame(await guess(begun, begun.codeHash), { outcome: 'locked', retryAfter: 900 })
    t.strictSame(await store.replaceCode({ ...begun.ref, ...madeCode(begun.codeHash) }), {
      outcome: 'locked',
      retryAfter: 900,
    })
    t.strictSame((await begin()).result, { outcome: 'refused' })
    await pass(900)
    await setFailures(99)
    const last = await begin()
    t.strictSame(await guess(last), { outcome: 'disabled' })
    t.strictSame(await guess(last, last.codeHash), { outcome: 'disabled' })
    t.strictSame((await begin()).result, { outcome: 'refused' })
  })

  t.test('a success resets the failures', async (t) => {
    const { begin, guess, pass, setFailures } = await setUp(t)
    await setFailures(8)
    const first = await begin()
    await guess(first)
    t.match(await guess(first, first.codeHash), { outcome: 'spent' })
    await pass(30)
    const second = await begin()
    t.strictSame(
      await guess(second),
      { outcome: 'wrong', attemptsLeft: 4 },
      'without the reset this is the 10th failure',
    )
  })

  t.test('disabling an account ends its challenge and prevents new ones', async (t) => {
    const { begin, guess, pass, disable, store } = await setUp(t)
    const begun = await begin()
    await disable()
    await pass(30)
    t.strictSame(await guess(begun, begun.codeHash), { outcome: 'gone' })
    t.match(await store.find(begun.ref), { state: 'closed' })
    t.strictSame((await begin()).result, { outcome: 'refused' })
    t.strictSame((await begin(undefined, 7)).result, { outcome: 'refused' }, 'an unknown epoch is refused too')
  })

  t.test('a challenge is not accessible to another user', async (t) => {
    const { begin, store } = await setUp(t)
    const { ref, codeHash } = await begin()
    const stranger = { ...ref, userId: randomUUID() }
    t.equal(await store.find(stranger), undefined)
    t.strictSame(await store.guess({ ...stranger, factor: 'sms', proof: { hash: codeHash }, ...newSession() }), {
      outcome: 'gone',
    })
  })

  t.test('an idempotency key opens one challenge and finds it until the code expires', async (t) => {
    const { begin, pass, store, userId } = await setUp(t)
    const keyHash = randomBytes(32)
    const first = await begin(randomBytes(32), 0, requestWith(keyHash))
    t.match(first.result, { outcome: 'issued' })
    t.strictSame((await begin(randomBytes(32), 0, requestWith(keyHash))).result, { outcome: 'repeated' })
    await pass(30)
    t.strictSame((await begin(randomBytes(32), 0, requestWith(keyHash))).result, { outcome: 'repeated' })
    t.match(await store.findReplay(keyHash, userId), {
      challengeId: first.ref.challengeId,
      userId: first.ref.userId,
      issuedAt: 1_700_000_000,
      life: 300,
      factor: 'sms',
      expiresIn: 270,
      delivery: { channel: 'sms', resendIn: 0 },
    })
    t.equal(await store.findReplay(randomBytes(32), userId), undefined)
    await pass(270)
    t.equal(await store.findReplay(keyHash, userId), undefined)
    t.match((await begin(randomBytes(32), 0, requestWith(keyHash))).result, { outcome: 'issued' })
  })

  t.test('a withdrawn challenge frees its idempotency key', async (t) => {
    const { begin, store, userId } = await setUp(t)
    const keyHash = randomBytes(32)
    const { ref, result } = await begin(randomBytes(32), 0, requestWith(keyHash))
    if (result.outcome !== 'issued') throw new Error('not begun')
    await store.withdrawBegin(ref, result.undo)
    t.equal(await store.findReplay(keyHash, userId), undefined)
    t.match((await begin(randomBytes(32), 0, requestWith(keyHash))).result, { outcome: 'issued' })
  })

  t.test('an idempotency key allows one resend, and a withdrawn code frees the key', async (t) => {
    const { begin, pass, store, userId } = await setUp(t)
    const { ref } = await begin()
    await pass(30)
    const wish = () => ({
      ...ref,
      ...madeCode(randomBytes(32)),
      request: requestWith(keyHash),
    })
    const keyHash = randomBytes(32)
    const replaced = await store.replaceCode(wish())
    if (replaced.outcome !== 'issued') throw new Error('not replaced')
    t.strictSame(await store.replaceCode(wish()), { outcome: 'repeated' })
    t.match(await store.findReplay(keyHash, userId), { challengeId: ref.challengeId })
    await store.withdrawReplace(ref, replaced.undo)
    t.match(await store.replaceCode(wish()), { outcome: 'issued' })
  })
}
