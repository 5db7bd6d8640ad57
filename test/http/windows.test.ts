import t from 'tap'
import { createWindows } from '../../src/http/windows.ts'

const WINDOW = 60_000

t.test('keeps every key over its limit and drops the oldest other keys', async (t) => {
  const windows = createWindows({ length: WINDOW, size: 1_000, now: () => 0 })
  for (let nth = 1; nth <= 11; nth += 1) windows.add('over', 10)
  windows.add('below', 10)
  windows.set('learned', 10, { count: 11, ttl: WINDOW })
  for (let nth = 1; nth <= 20_000; nth += 1) windows.add(`other ${nth}`, 10)
  t.equal(windows.add('over', 10).count, 12)
  t.equal(windows.add('learned', 10).count, 12)
  t.equal(windows.add('below', 10).count, 1, 'old keys below the limit are dropped')
  t.equal(windows.add('other 20000', 10).count, 2, 'the latest keys are kept')
})

t.test('restarts each window after its length, whatever its count', async (t) => {
  let now = 0
  const windows = createWindows({ length: WINDOW, size: 10, now: () => now })
  for (let nth = 1; nth <= 3; nth += 1) windows.add('over', 2)
  now += 1_000
  windows.add('below', 2)
  now = WINDOW - 1
  t.strictSame(windows.add('over', 2), { count: 4, ttl: 1 })
  now += 1
  t.strictSame(windows.add('over', 2), { count: 1, ttl: WINDOW })
  t.strictSame(windows.add('below', 2), { count: 2, ttl: 1_000 })
  now += 1_000
  t.strictSame(windows.add('below', 2), { count: 1, ttl: WINDOW })
})

t.test('never waits longer than the window with a fractional clock', async (t) => {
  for (let nth = 0; nth < 1_000; nth += 1) {
    const windows = createWindows({ length: WINDOW, size: 10, now: () => 1_234.567_891 * nth + 0.1 })
    t.ok(windows.add('key', 10).ttl <= WINDOW)
  }
})

t.test('never keeps a count for longer than its window', async (t) => {
  const windows = createWindows({ length: WINDOW, size: 10, now: () => 0 })
  windows.set('learned', 10, { count: 11, ttl: 3_660_000 })
  t.equal(windows.add('learned', 10).ttl, WINDOW)
})
