/** Solves the proof of work that the service may request while traffic looks like fraud. */
import type { Problem } from 'doorcode/client'

/** Finds a text whose hash begins with `bits` zero bits. Tries a thousand at a time, so that the page stays responsive. */
const solve = async (nonce: string, bits: number) => {
  for (let first = 0; ; first += 1000) {
    const tries = Array.from({ length: 1000 }, (_, nth) => `${nonce}:${(first + nth).toString(36)}`)
    const hashes = await Promise.all(
      tries.map((text) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))),
    )
    const found = hashes.findIndex((hash) => Math.clz32(new DataView(hash).getUint32(0)) >= bits)
    if (found >= 0) return tries[found]!
  }
}

/** Makes a call, and repeats it with the solution if the service requests one. `say` shows a message in the meantime. */
export const withHumanCheck = async <A extends { ok: true } | { ok: false; problem: Problem }>(
  call: (solution: { human_check?: string }) => Promise<A>,
  say: (words: string) => unknown,
): Promise<A> => {
  const answer = await call({})
  const check = answer.ok || answer.problem.code !== 'forbidden' ? undefined : answer.problem.human_check
  if (check?.kind !== 'proof-of-work') return answer
  say('One moment: your browser is solving a security check …')
  return call({ human_check: await solve(String(check['nonce']), Number(check['bits'])) })
}
