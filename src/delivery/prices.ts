import { CHANNELS, type Channel } from '../core/delivery/ports.ts'

/** The estimated price of one segment, or of one call, by country and channel. */
export type Prices = ReadonlyMap<string, number>

/** An error in `SMS_PRICES`, as the end of a sentence about the setting. */
class PricesError extends Error {
  override readonly name = 'PricesError'
}

/**
 * Reads `US=0.0083,US:voice=0.014,*=0.08`: a country (or `*` for every other), a channel if it is not `sms`, and a
 * price. Throws `PricesError` for another form.
 */
export const parsePrices = (items: readonly string[]): Prices => {
  const prices = new Map<string, number>()
  for (const item of items) {
    const [, country, channel = 'sms', price] = /^([A-Z]{2}|\*)(?::([a-z]+))?=(\d{1,5}(?:\.\d{1,6})?)$/.exec(item) ?? []
    if (!country || !(CHANNELS as readonly string[]).includes(channel)) {
      throw new PricesError(`has "${item}", which is not COUNTRY=PRICE. For example: US=0.0083,US:voice=0.014,*=0.08`)
    }
    prices.set(`${country}:${channel}`, Number(price))
  }
  return prices
}

/** Returns the estimated price of a number of segments; null when the price is unknown. */
export const estimatePrice = (
  prices: Prices,
  { country, channel, segments }: { country: string | null; channel: Channel; segments: number },
): number | null => {
  const price = prices.get(`${country}:${channel}`) ?? prices.get(`*:${channel}`)
  return price === undefined ? null : Math.round(price * segments * 1e6) / 1e6
}
