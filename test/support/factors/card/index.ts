import { createHmac, randomInt } from 'node:crypto'
import { foldCode } from '../../../../src/core/challenge/code.ts'
import type { Factor } from '../../../../src/core/challenge/factor.ts'
import { Problem } from '../../../../src/errors.ts'

const CELLS = 6

/** Returns the digit that a card has in a cell, such as `B7`. */
export const digitOf = (secret: Buffer, cell: string): string =>
  String(createHmac('sha256', secret).update(cell).digest().readUInt32BE() % 10)

const randomCell = () => `${'ABCDEFGHIJ'[randomInt(10)]}${randomInt(10)}`

/** A printed card with a digit in each cell: the client shows which cells to enter, and nothing is sent. */
export const cardFactor: Factor = {
  name: 'card',
  codeLength: CELLS,
  amr: () => ['kba'],

  async begin({ hash, enrollment }) {
    const { secret } = await enrollment()
    if (!secret) throw new Problem('factor_disabled')
    const cells = Array.from({ length: CELLS }, randomCell)
    const answer = cells.map((cell) => digitOf(secret, cell)).join('')
    return { hash: hash(answer), options: { cells } }
  },

  answer: ({ code, hash }) => ({ hash: hash(foldCode(code)) }),
}
