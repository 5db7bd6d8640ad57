import segmentsCalculator from 'sms-segments-calculator'

/** The encoding and the segments of a text, which determine its price. */
export interface Segmentation {
  encoding: 'GSM-7' | 'UCS-2'
  segments: number
  /** The length in septets of GSM 03.38, where characters of the extension table count two, or in UTF-16 units. */
  units: number
  /** The units of one segment: 160 or 70. */
  capacity: number
  /** The distinct characters that GSM 03.38 lacks and that cause UCS-2. */
  beyondGsm: string[]
}

const BITS = { 'GSM-7': 7, 'UCS-2': 16 } as const
const CAPACITY = { 'GSM-7': 160, 'UCS-2': 70 } as const

/** Counts the segments of a text as networks do (3GPP TS 23.038 and 23.040). */
export const segmentsOf = (text: string): Segmentation => {
  const message = new segmentsCalculator.SegmentedMessage(text, 'auto', false)
  const encoding = message.encodingName
  return {
    encoding,
    segments: message.segmentsCount,
    units: message.messageSize / BITS[encoding],
    capacity: CAPACITY[encoding],
    beyondGsm: [...new Set(message.getNonGsmCharacters())],
  }
}
