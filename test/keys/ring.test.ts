import t from 'tap'
import { fixedRing, openRing } from '../../src/keys/ring.ts'

/** Creates a ring over a text that the test changes, and records its reports. */
const createRing = async (begin: string) => {
  const file = { text: begin as string | Error, reads: 0 }
  const reports: string[] = []
  const ring = await openRing({
    read: async () => {
      file.reads += 1
      if (file.text instanceof Error) throw file.text
      return [{ name: 'it', text: file.text }]
    },
    parse: ([source]) => {
      if (source!.text.startsWith('bad')) throw new Error(`refused ${source!.text}`)
      return source!.text
    },
    onChange: (set) => reports.push(`change ${set}`),
    onRefused: ({ message }) => reports.push(message),
  })
  const poll = async (times: number) => {
    for (let nth = 0; nth < times; nth += 1) await ring.look()
  }
  return { ring, file, reports, poll }
}

t.test('adopts a change after two identical polls', async (t) => {
  const { ring, file, reports, poll } = await createRing('one')
  file.text = 'two'
  await poll(1)
  t.equal(ring.current(), 'one', 'the write may be incomplete')
  await poll(1)
  t.equal(ring.current(), 'two')
  await poll(5)
  t.strictSame(reports, ['change two'])
})

t.test('never adopts a partial write, even one that parses', async (t) => {
  const { ring, file, reports, poll } = await createRing('one')
  for (const half of ['t', 'tw', 'two']) {
    file.text = half
    await poll(1)
    t.equal(ring.current(), 'one')
  }
  await poll(1)
  t.strictSame([ring.current(), reports], ['two', ['change two']])
})

t.test('reports an invalid set once per change and keeps the former set', async (t) => {
  const { ring, file, reports, poll } = await createRing('one')
  file.text = 'bad a'
  await poll(6)
  file.text = 'bad b'
  await poll(6)
  t.equal(ring.current(), 'one')
  t.strictSame(reports, ['refused bad a', 'refused bad b'])
  file.text = 'two'
  await poll(2)
  t.equal(ring.current(), 'two')
})

t.test('reports an unreadable file once and recovers without a restart', async (t) => {
  const { ring, file, reports, poll } = await createRing('one')
  file.text = new Error('ENOENT')
  await poll(6)
  t.equal(ring.current(), 'one')
  t.strictSame(reports, ['ENOENT'])
  file.text = 'one'
  await poll(6)
  t.equal(ring.current(), 'one')
  file.text = 'two'
  await poll(2)
  t.equal(ring.current(), 'two')
})

t.test('ignores a missing file for one poll, as during a replacement', async (t) => {
  const { file, reports, poll } = await createRing('one')
  file.text = new Error('ENOENT')
  await poll(1)
  file.text = 'one'
  await poll(3)
  t.strictSame(reports, [])
})

t.test('returns the same object until a change, without reading the file', async (t) => {
  const set = ['key']
  t.equal(fixedRing(set).current(), set)
  const { ring, file } = await createRing('one')
  for (let call = 0; call < 1_000; call += 1) ring.current()
  t.equal(file.reads, 1)
})

t.test('does not open without a valid set', async (t) => {
  await t.rejects(createRing('bad a'), { message: 'refused bad a' })
})

t.test('does not start a poll while a slow one runs', async (t) => {
  let reads = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const ring = await openRing({
    read: async () => {
      reads += 1
      if (reads > 1) await promise
      return []
    },
    parse: () => 'set',
    onChange: () => {},
    onRefused: () => {},
  })
  const stop = ring.watch(1)
  await new Promise((wake) => setTimeout(wake, 60))
  t.equal(reads, 2)
  stop()
  resolve()
})
