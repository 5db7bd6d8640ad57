import t from 'tap'
import { fixedRing, openRing } from '../../src/keys/ring.ts'

/** A ring over a text that the test changes, and all that it told. */
const createRing = async (begin: string) => {
  const place = { text: begin as string | Error, reads: 0 }
  const told: string[] = []
  const ring = await openRing({
    read: async () => {
      place.reads += 1
      if (place.text instanceof Error) throw place.text
      return [{ name: 'it', text: place.text }]
    },
    parse: ([source]) => {
      if (source!.text.startsWith('bad')) throw new Error(`refused ${source!.text}`)
      return source!.text
    },
    onChange: (set) => told.push(`change ${set}`),
    onRefused: ({ message }) => told.push(message),
  })
  const looks = async (times: number) => {
    for (let look = 0; look < times; look += 1) await ring.look()
  }
  return { ring, place, told, looks }
}

t.test('a change is taken up when two looks found it alike', async (t) => {
  const { ring, place, told, looks } = await createRing('one')
  place.text = 'two'
  await looks(1)
  t.equal(ring.current(), 'one', 'it may still be on its way')
  await looks(1)
  t.equal(ring.current(), 'two')
  await looks(5)
  t.strictSame(told, ['change two'])
})

t.test('what is found half-way never wins, even where it reads like a whole', async (t) => {
  const { ring, place, told, looks } = await createRing('one')
  for (const half of ['t', 'tw', 'two']) {
    place.text = half
    await looks(1)
    t.equal(ring.current(), 'one')
  }
  await looks(1)
  t.strictSame([ring.current(), told], ['two', ['change two']])
})

t.test('what is no set is refused once a change, and the former set stays', async (t) => {
  const { ring, place, told, looks } = await createRing('one')
  place.text = 'bad a'
  await looks(6)
  place.text = 'bad b'
  await looks(6)
  t.equal(ring.current(), 'one')
  t.strictSame(told, ['refused bad a', 'refused bad b'])
  place.text = 'two'
  await looks(2)
  t.equal(ring.current(), 'two')
})

t.test('what cannot be read is refused once, and mends by itself', async (t) => {
  const { ring, place, told, looks } = await createRing('one')
  place.text = new Error('ENOENT')
  await looks(6)
  t.equal(ring.current(), 'one')
  t.strictSame(told, ['ENOENT'])
  place.text = 'one'
  await looks(6)
  t.equal(ring.current(), 'one')
  place.text = 'two'
  await looks(2)
  t.equal(ring.current(), 'two')
})

t.test('a moment without the file, as while it is replaced, is no change', async (t) => {
  const { place, told, looks } = await createRing('one')
  place.text = new Error('ENOENT')
  await looks(1)
  place.text = 'one'
  await looks(3)
  t.strictSame(told, [])
})

t.test('the set is the same object until it changes, and asking for it reads nothing', async (t) => {
  const set = ['key']
  t.equal(fixedRing(set).current(), set)
  const { ring, place } = await createRing('one')
  for (let call = 0; call < 1_000; call += 1) ring.current()
  t.equal(place.reads, 1)
})

t.test('there is no ring without a right set to begin with', async (t) => {
  await t.rejects(createRing('bad a'), { message: 'refused bad a' })
})

t.test('looks do not pile up while one is slow', async (t) => {
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
