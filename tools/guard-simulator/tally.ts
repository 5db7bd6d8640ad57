import type { SimulatedSend, SimulatedVerdict } from './simulated-send.ts'

/** The number of messages of one kind with the same verdict. */
export interface TallyRow extends SimulatedVerdict {
  kind: string
  sends: number
  /** The share of all messages of the kind, from 0 to 1. */
  share: number
}

/** The result of a simulation. */
export interface Tally {
  /** Kinds in the order of their first message, each with its most frequent verdict first. */
  rows: TallyRow[]
  /** Counts the messages of these kinds: all, those sent, and the most sent to one prefix. */
  of(kinds: readonly string[]): { sends: number; sent: number; mostOfPrefix: number }
}

const group = <T>(items: readonly T[], keyOf: (item: T) => string): T[][] => [...Map.groupBy(items, keyOf).values()]

/** Counts messages by verdict; `verdicts` has one entry for each of `sends`, in the same order. */
export const tally = (sends: readonly SimulatedSend[], verdicts: readonly SimulatedVerdict[]): Tally => {
  const results = sends.map(({ kind, number }, place) => ({ kind, prefix: number.slice(0, -4), ...verdicts[place]! }))

  return {
    rows: group(results, ({ kind }) => kind).flatMap((ofKind) =>
      group(ofKind, ({ verdict, rule, checked }) => `${verdict} ${rule} ${checked}`)
        .toSorted((a, b) => b.length - a.length)
        .map((alike) => {
          const { kind, verdict, rule, checked } = alike[0]!
          return { kind, verdict, rule, checked, sends: alike.length, share: alike.length / ofKind.length }
        }),
    ),
    of(kinds) {
      const all = results.filter(({ kind }) => kinds.includes(kind))
      const sent = all.filter(({ verdict }) => verdict === 'send')
      return {
        sends: all.length,
        sent: sent.length,
        mostOfPrefix: Math.max(0, ...group(sent, ({ prefix }) => prefix).map(({ length }) => length)),
      }
    },
  }
}
