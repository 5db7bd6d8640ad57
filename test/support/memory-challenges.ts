import type { Proof } from '../../src/core/challenge/factor.ts'
import type { ChallengeStore, Closed, IdempotentRequest, MadeCode } from '../../src/core/challenge/ports.ts'
import type { Channel } from '../../src/core/delivery/ports.ts'
import type { Limits } from '../../src/core/limits.ts'
import type { Account, ChallengeRef, FactorName } from '../../src/core/terms.ts'

interface MemoryChallenge extends ChallengeRef {
  factor: FactorName
  authEpoch: number
  codeHash: Buffer | null
  options: MadeCode['options']
  attempts: number
  channel: Channel | null
  sendId: string | null
  expiresAt: number
  consumed: boolean
}

const sameHash = (one: Buffer | null, other: Buffer | null): boolean =>
  one === null || other === null ? one === other : one.equals(other)

/** The account of the memory store; tests may change it behind the store's back. */
export interface MemoryAccount extends Pick<Account, 'userId' | 'disabled' | 'authEpoch'> {
  phone: string
  failures: number
  /** The counter of the last correct answer. */
  counter: number | null
  lockedUntil: number
  factorDisabled: boolean
}

/**
 * Creates a challenge store in memory for one account: a plain second implementation of the SQL, so that one contract
 * tests both. Only `clock.now`, in seconds, moves the time.
 */
export const createMemoryChallenges = (
  account: MemoryAccount,
  limits: Limits,
  clock: { now: number },
): ChallengeStore => {
  const challenges = new Map<string, MemoryChallenge>()
  const keys = new Map<string, IdempotentRequest & { challengeId: string; expiresAt: number }>()
  const gate = { current: null as string | null, step: 0, nextSendAt: null as number | null }

  const isLive = (challenge: MemoryChallenge) =>
    gate.current === challenge.challengeId &&
    !account.disabled &&
    account.authEpoch === challenge.authEpoch &&
    !challenge.consumed &&
    challenge.expiresAt > clock.now &&
    challenge.attempts < limits.attemptsPerChallenge

  const take = (request: IdempotentRequest | undefined, challengeId: string) => {
    if (!request) return
    keys.set(request.keyHash.toString('hex'), { ...request, challengeId, expiresAt: clock.now + limits.codeTtl })
  }
  const isTaken = (request: IdempotentRequest | undefined) =>
    request !== undefined && (keys.get(request.keyHash.toString('hex'))?.expiresAt ?? 0) > clock.now

  const find = ({ challengeId, userId }: ChallengeRef) => {
    const challenge = challenges.get(challengeId)
    return challenge?.userId === userId ? challenge : undefined
  }

  const barred = (): Closed | undefined => {
    if (account.factorDisabled) return { outcome: 'disabled' }
    if (account.lockedUntil > clock.now) return { outcome: 'locked', retryAfter: account.lockedUntil - clock.now }
    return undefined
  }

  /** Passes the cooldown and returns the next wait, or returns the remaining wait. */
  const pass = (afterSuccess: boolean) => {
    if (gate.nextSendAt !== null && gate.nextSendAt > clock.now) return { closedFor: gate.nextSendAt - clock.now }
    const quiet = gate.nextSendAt === null ? 0 : Math.floor((clock.now - gate.nextSendAt) / limits.cooldownDecay)
    const fresh = afterSuccess || gate.nextSendAt === null
    gate.step = fresh ? 1 : Math.min(limits.cooldowns.length, 1 + Math.max(0, gate.step - quiet))
    const wait = limits.cooldowns[gate.step - 1]!
    gate.nextSendAt = clock.now + wait
    return { wait: Math.max(1, wait) }
  }

  const reopen = () => {
    gate.step = Math.max(0, gate.step - 1)
    gate.nextSendAt = clock.now
  }

  const holds = ({ codeHash }: MemoryChallenge, { hash, counter }: Proof): boolean => {
    if (hash === undefined && counter === undefined) return false
    return sameHash(codeHash, hash ?? null) && (counter === undefined || counter > (account.counter ?? -1))
  }

  return {
    async begin({ authEpoch, destination, hash, options, factor, send, request, challengeId, userId, purpose }) {
      if (userId !== account.userId || account.disabled || authEpoch !== account.authEpoch)
        return { outcome: 'refused' }
      if (barred() || destination !== account.phone) return { outcome: 'refused' }
      if (isTaken(request)) return { outcome: 'repeated' }
      const former = gate.current
      const passed = send ? pass(former !== null && challenges.get(former)?.consumed === true) : { wait: 0 }
      if (passed.wait === undefined) return { outcome: 'cooldown', retryAfter: passed.closedFor }
      const expiresAt = clock.now + limits.codeTtl
      const sent = { channel: send?.entry.channel ?? null, sendId: send?.entry.sendId ?? null }
      const fresh = { attempts: 0, consumed: false, ...sent, codeHash: hash, options }
      challenges.set(challengeId, { ...fresh, challengeId, userId, purpose, factor, authEpoch, expiresAt })
      gate.current = challengeId
      take(request, challengeId)
      return {
        outcome: 'issued',
        expiresIn: limits.codeTtl,
        resendIn: passed.wait,
        undo: { formerChallengeId: former },
      }
    },

    async withdrawBegin({ challengeId }, { formerChallengeId }) {
      if (gate.current !== challengeId) return
      gate.current = formerChallengeId
      reopen()
      challenges.delete(challengeId)
      for (const [hash, key] of keys) if (key.challengeId === challengeId) keys.delete(hash)
    },

    async replaceCode({ hash, options, send, request, ...ref }) {
      const challenge = find(ref)
      if (!challenge) return { outcome: 'gone' }
      const closed = barred()
      if (closed) return closed
      if (!isLive(challenge)) return { outcome: 'gone' }
      if (isTaken(request)) return { outcome: 'repeated' }
      const passed = pass(false)
      if (passed.wait === undefined) return { outcome: 'cooldown', retryAfter: passed.closedFor }
      const former = {
        formerOptions: challenge.options,
        formerChannel: challenge.channel,
        formerSendId: challenge.sendId,
      }
      take(request, challenge.challengeId)
      const undo = { formerCodeHash: challenge.codeHash, ...former, codeHash: hash, keyHash: request?.keyHash ?? null }
      Object.assign(challenge, { codeHash: hash, options, channel: send?.entry.channel, sendId: send?.entry.sendId })
      return { outcome: 'issued', expiresIn: challenge.expiresAt - clock.now, resendIn: passed.wait, undo }
    },

    async withdrawReplace(ref, { formerCodeHash, formerOptions, formerChannel, formerSendId, codeHash, keyHash }) {
      const challenge = find(ref)
      if (!challenge || gate.current !== ref.challengeId) return
      reopen()
      if (keyHash) keys.delete(keyHash.toString('hex'))
      if (!sameHash(challenge.codeHash, codeHash)) return
      Object.assign(challenge, {
        codeHash: formerCodeHash,
        options: formerOptions,
        channel: formerChannel,
        sendId: formerSendId,
      })
    },

    async guess({ proof, session, amr, ...ref }) {
      const closed = barred()
      if (closed) return closed
      const challenge = find(ref)
      if (!challenge || !isLive(challenge)) return { outcome: 'gone' }
      challenge.attempts += 1
      if (holds(challenge, proof)) {
        challenge.consumed = true
        account.counter = proof.counter ?? account.counter
        account.failures = 0
        return {
          outcome: 'spent',
          session: {
            userId: account.userId,
            sessionId: session.sessionId,
            acr: 'aal2',
            amr: [...amr[challenge.channel ?? 'none']!],
            authTime: clock.now,
            lasts: limits.sessionIdle,
          },
        }
      }
      account.failures += 1
      if (account.failures >= limits.failuresToDisable) account.factorDisabled = true
      if (account.factorDisabled) return { outcome: 'disabled' }
      let attemptsLeft = limits.attemptsPerChallenge - challenge.attempts
      if (account.failures % limits.failuresPerLock === 0) {
        const doublings = account.failures / limits.failuresPerLock - 1
        account.lockedUntil = clock.now + Math.min(limits.longestLock, limits.firstLock * 2 ** doublings)
        attemptsLeft = 0
      }
      return { outcome: 'wrong', attemptsLeft }
    },

    async findReplay(keyHash) {
      const key = keys.get(keyHash.toString('hex'))
      const challenge = key && key.expiresAt > clock.now ? challenges.get(key.challengeId) : undefined
      if (!key || !challenge) return undefined
      return {
        fingerprint: key.fingerprint,
        userId: challenge.userId,
        challengeId: challenge.challengeId,
        issuedAt: key.issuedAt,
        secretId: key.secretId,
        life: limits.codeTtl,
        factor: challenge.factor,
        options: challenge.options,
        expiresIn: Math.max(0, challenge.expiresAt - clock.now),
        delivery: challenge.channel && {
          channel: challenge.channel,
          destination: account.phone,
          resendIn: Math.max(0, (gate.nextSendAt ?? 0) - clock.now),
          status: 'unknown',
        },
        inProgress: true,
      }
    },

    findEnrollment: async () => ({ secret: null, counter: account.counter }),

    async find(ref) {
      const challenge = find(ref)
      return (
        challenge && {
          factor: challenge.factor,
          factors: [challenge.factor],
          options: challenge.options,
          state: challenge.consumed ? 'approved' : isLive(challenge) ? 'waiting' : 'closed',
          attemptsLeft: limits.attemptsPerChallenge - challenge.attempts,
          expiresIn: Math.max(0, challenge.expiresAt - clock.now),
          delivery: challenge.channel && {
            channel: challenge.channel,
            destination: account.phone,
            resendIn: Math.max(0, (gate.nextSendAt ?? 0) - clock.now),
            // The status of a message is in the ledger, which this store does not have.
            status: 'queued',
          },
          failed: [],
          locale: null,
        }
      )
    },
  }
}
