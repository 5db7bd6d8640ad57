import { burstAttack, poisoningAttack, slowAttack } from '../../tools/guard-simulator/attacks.ts'
import { inOrder, organicDay } from '../../tools/guard-simulator/generated-day.ts'
import { createLedgerReplay } from '../../tools/guard-simulator/replay.ts'
import type { SimulatedSend } from '../../tools/guard-simulator/simulated-send.ts'
import { createGuardSimulation } from '../../tools/guard-simulator/store.ts'
import { type Tally, tally } from '../../tools/guard-simulator/tally.ts'
import type { Database } from '../store/database.ts'
import { type Command, readArgs, refuseNames, UsageError } from './command.ts'
import { percent, tallyTable } from './guard-table.ts'
import { withSchema } from './open-database.ts'
import { simulatedPolicy } from './simulated-policy.ts'
import { timeOf } from './table.ts'

const OPTIONS = {
  ledger: { type: 'boolean', default: false },
  from: { type: 'string' },
  to: { type: 'string' },
  attack: { type: 'string' },
  'attacker-passes-checks': { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  sends: { type: 'string', default: '5000' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  budget: { type: 'string', multiple: true, default: [] as string[] },
} as const

const HOUR = 3_600_000

type AttackMaker = (options: { seed: number; from?: Date }) => SimulatedSend[]

const ATTACKS = new Map<string, AttackMaker>([
  ['burst', burstAttack],
  ['slow', slowAttack],
  ['poisoning', poisoningAttack],
  ['none', () => []],
])

/** Kinds of sends that users requested; all others are from attackers or unknown. */
const PEOPLE = ['organic', 'entered']

const wholeNumber = (option: string, written: string): number => {
  if (!/^\d{1,6}$/.test(written))
    throw new UsageError(`--${option} must be a whole number below a million, not "${written}".`)
  return Number(written)
}

const dateOf = (option: string, written: string): Date => {
  const date = new Date(written)
  const hasForm = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.test(written)
  if (!hasForm || Number.isNaN(date.getTime())) {
    throw new UsageError(`--${option} must be a date such as 2026-11-24 or 2026-11-24T12:00Z, not "${written}".`)
  }
  return date
}

/** Returns the period to replay. It defaults to the last 24 hours. */
const periodOf = ({ from, to }: { from?: string | undefined; to?: string | undefined }) => {
  const end = to === undefined ? new Date() : dateOf('to', to)
  const start = from === undefined ? new Date(end.getTime() - 24 * HOUR) : dateOf('from', from)
  if (start >= end) throw new UsageError('--from must be before --to.')
  return { from: start, to: end }
}

/** A source of sends apart from attacks, with a title. */
type Source = (database: Database) => Promise<{ title: string; sends: SimulatedSend[]; ledgerBefore?: Date }>

const countOf = ({ length }: readonly unknown[]) => `${length} ${length === 1 ? 'send' : 'sends'}`

const generated =
  (seed: number, count: number): Source =>
  async () => {
    const sends = organicDay({ seed, sends: count })
    const countries = new Set(sends.map(({ country }) => country)).size
    return { title: `A generated day with seed ${seed}: ${countOf(sends)} to ${countries} countries`, sends }
  }

const replayed =
  (period: { from: Date; to: Date }): Source =>
  async (database) => {
    const sends = await createLedgerReplay(database).read(period)
    const title = `The ledger from ${timeOf(period.from)} to ${timeOf(period.to)}: ${countOf(sends)}`
    return { title, sends, ledgerBefore: period.from }
  }

const conclusion = ({ of }: Tally, attack: string): string => {
  const people = of(PEOPLE)
  const lost = people.sends - people.sent
  const attacked = of([attack])
  return [
    people.sends > 0 && `Organic loss: ${percent(lost / people.sends)} (${lost} of ${people.sends}).\n`,
    attacked.sends > 0 &&
      `Attack: ${attacked.sent} of ${attacked.sends} sent, at most ${attacked.mostOfPrefix} to one prefix.\n`,
  ]
    .filter(Boolean)
    .join('')
}

/** The command `guard simulate`, which counts what the guard would refuse of the ledger or of a generated day. */
export const simulate: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  refuseNames('guard simulate', positionals)
  if (!values.ledger && (values.from ?? values.to) !== undefined) {
    throw new UsageError('--from and --to need --ledger.')
  }
  const seed = wholeNumber('seed', values.seed)
  const count = wholeNumber('sends', values.sends)
  const attack = values.attack ?? (values.ledger ? 'none' : 'burst')
  const makeAttack = ATTACKS.get(attack)
  if (!makeAttack) throw new UsageError(`--attack must be one of ${[...ATTACKS.keys()].join(', ')}, not "${attack}".`)
  const policy = simulatedPolicy(world.env, { budgets: values.budget, numbers: values.set })
  const period = values.ledger ? periodOf(values) : undefined
  const source = period ? replayed(period) : generated(seed, count)
  const attackSends = makeAttack({ seed, ...(period && { from: period.from }) })

  await withSchema(world, async (database) => {
    const { title, sends: ofPeople, ...history } = await source(database)
    const sends = inOrder([...ofPeople, ...attackSends])
    world.stdout.write(`${title}${attackSends.length > 0 ? `; ${attackSends.length} from an attack` : ''}.\n`)
    if (sends.length === 0) return
    const passesCheck = (kind: string) => PEOPLE.includes(kind) || values['attacker-passes-checks']
    const verdicts = await createGuardSimulation(database).run({ sends, policy, passesCheck, ...history })
    const counted = tally(sends, verdicts)
    world.stdout.write(`\n${tallyTable(counted.rows)}\n${conclusion(counted, attack)}`)
  })
}
