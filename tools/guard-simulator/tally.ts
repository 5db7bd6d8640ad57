import type { SimulatedSend, SimulatedVerdict } from './simulated-send.ts'

/** How many messages of one kind fared alike. */
export interface TallyRow extends SimulatedVerdict {
  kind: string
  sends: number
  /** Of all messages of the kind, from 0 to 1. */
  share: number
}

/** What a simulation comes to. */
export interface Tally {
  /** By kind in the order in which kinds first came, the most first. */
  rows: TallyRow[]
  /** Messages of these kinds: how many there were, how many went, and the most that went to one prefix. */
  of(kinds: readonly string[]): { sends: number; sent: number; mostOfPrefix: number }
}

const group = <T>(items: readonly T[], keyOf: (item: T) => string): T[][] => [...Map.groupBy(items, keyOf).values()]

/** Counts how messages fared; `verdicts` has one for each of `sends`, in their order. */
export const tally = (sends: readonly SimulatedSend[], verdicts: readonly SimulatedVerdict[]): Tally => {
  const fates = sends.map(({ kind, number }, place) => ({ kind, prefix: number.slice(0, -4), ...verdicts[place]! }))

  return {
    rows: group(fates, ({ kind }) => kind).flatMap((ofKind) =>
      group(ofKind, ({ verdict, rule, checked }) => `${verdict} ${rule} ${checked}`)
        .toSorted((a, b) => b.length - a.length)
        .map((alike) => {
          const { kind, verdict, rule, checked } = alike[0]!
          return { kind, verdict, rule, checked, sends: alike.length, share: alike.length / ofKind.length }
        }),
    ),
    of(kinds) {
      const all = fates.filter(({ kind }) => kinds.includes(kind))
      const sent = all.filter(({ verdict }) => verdict === 'send')
      return {
        sends: all.length,
        sent: sent.length,
        mostOfPrefix: Math.max(0, ...group(sent, ({ prefix }) => prefix).map(({ length }) => length)),
      }
    },
  }
}
