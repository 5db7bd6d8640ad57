import t from 'tap'
import { segmentsOf } from '../../../src/factors/sms/segments.ts'

t.test('a GSM-7 text holds 160 characters, or 153 in each of several segments', async (t) => {
  t.match(segmentsOf('a'.repeat(160)), { encoding: 'GSM-7', segments: 1, units: 160, capacity: 160, beyondGsm: [] })
  t.match(segmentsOf('a'.repeat(161)), { segments: 2, units: 161 })
  t.match(segmentsOf('a'.repeat(306)), { segments: 2 })
  t.match(segmentsOf('a'.repeat(307)), { segments: 3 })
  t.match(segmentsOf(`@£$¥èéùìòÇØøÅåÆæßÉäöñüàÄÖÑÜ§¿¡\n`), { encoding: 'GSM-7' })
})

t.test('a character of the extension table counts as two', async (t) => {
  for (const character of '€[]{}~^|\\') {
    t.match(segmentsOf(character.repeat(80)), { encoding: 'GSM-7', segments: 1, units: 160 }, character)
    t.match(segmentsOf(character.repeat(81)), { segments: 2 }, character)
  }
})

t.test('the alphabet is exactly that of 3GPP TS 23.038', async (t) => {
  const basic =
    '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
  const wrong: string[] = []
  for (let unit = 0; unit < 0x2100; unit += 1) {
    const character = String.fromCharCode(unit)
    const septets = basic.includes(character) ? 1 : '\f^{}\\[~]|€'.includes(character) ? 2 : undefined
    const { encoding, units } = segmentsOf(character)
    if (septets === undefined ? encoding !== 'UCS-2' : encoding !== 'GSM-7' || units !== septets) wrong.push(character)
  }
  t.same(wrong, [])
})

t.test('does not split a character of two septets', async (t) => {
  t.match(segmentsOf(`${'a'.repeat(158)}€`), { segments: 1, units: 160 })
  t.match(segmentsOf(`${'a'.repeat(159)}€`), { segments: 2, units: 161 })
  t.match(segmentsOf(`${'a'.repeat(152)}€${'a'.repeat(152)}`), { segments: 3, units: 306 })
})

t.test('one other character makes the text UCS-2: 70 characters, or 67 in each of several segments', async (t) => {
  for (const character of 'çãõêáíóúşğă—ёα漢’')
    t.match(segmentsOf(character), { encoding: 'UCS-2', beyondGsm: [character] })
  t.match(segmentsOf('ё'.repeat(70)), { encoding: 'UCS-2', segments: 1, units: 70, capacity: 70 })
  t.match(segmentsOf('ё'.repeat(71)), { segments: 2, units: 71 })
  t.match(segmentsOf('ё'.repeat(134)), { segments: 2 })
  t.match(segmentsOf('ё'.repeat(135)), { segments: 3 })
})

t.test('a character outside the basic plane counts as two', async (t) => {
  t.match(segmentsOf('👍'.repeat(35)), { segments: 1, units: 70 })
  t.match(segmentsOf('👍'.repeat(36)), { segments: 2 })
})
