import t from 'tap'
import { maskPhone } from '../../src/core/delivery/phone.ts'

t.test('a masked number shows only its last two digits', async (t) => {
  t.equal(maskPhone('+18009998877'), '********77')
  t.equal(maskPhone('+442079460958'), '********58')
})

t.test('a masked number hides its length', async (t) => {
  t.equal(maskPhone('+29077').length, maskPhone('+442079460958').length)
})
