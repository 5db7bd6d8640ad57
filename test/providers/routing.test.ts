import t from 'tap'
import { estimatePrice, parsePrices } from '../../src/delivery/prices.ts'
import { parseRoutes, routeFor } from '../../src/delivery/routing.ts'

const ALL = ['twilio', 'vonage', 'acme']

t.test('uses the route of the country, or the star route for every other country', async (t) => {
  const routes = parseRoutes(' US, CA = twilio,vonage ;IN=acme;*=vonage;', ALL)
  t.same(routeFor(routes, 'US', ALL), ['twilio', 'vonage'])
  t.same(routeFor(routes, 'CA', ALL), ['twilio', 'vonage'])
  t.same(routeFor(routes, 'IN', ALL), ['acme'])
  t.same(routeFor(routes, 'DE', ALL), ['vonage'])
  t.same(routeFor(routes, null, ALL), ['vonage'])
})

t.test('uses the order of SMS_PROVIDERS without a matching route or star', async (t) => {
  t.same(routeFor(parseRoutes('', ALL), 'DE', ALL), ALL)
  t.same(routeFor(parseRoutes('US=acme', ALL), 'DE', ALL), ALL)
})

t.test('reports what is wrong with an invalid route', async (t) => {
  const faulty: [text: string, fault: RegExp][] = [
    ['US', /"US", which is not COUNTRIES=PROVIDERS/],
    ['=twilio', /"=twilio"/],
    ['US=', /"US="/],
    ['US=twilio=vonage', /"US=twilio=vonage"/],
    ['USA=twilio', /"USA", which is not a country code/],
    ['us=twilio', /"us", which is not a country code/],
    ['US=unknown', /"unknown", which is not in SMS_PROVIDERS/],
    ['US=twilio;US=vonage', /"US" twice/],
  ]
  for (const [text, fault] of faulty) t.throws(() => parseRoutes(text, ALL), { message: fault }, text)
})

t.test('estimates the price by country and channel, by the star, or as unknown', async (t) => {
  const prices = parsePrices(['US=0.0083', 'US:voice=0.014', '*=0.08'])
  t.equal(estimatePrice(prices, { country: 'US', channel: 'sms', segments: 1 }), 0.0083)
  t.equal(estimatePrice(prices, { country: 'US', channel: 'sms', segments: 3 }), 0.0249)
  t.equal(estimatePrice(prices, { country: 'US', channel: 'voice', segments: 1 }), 0.014)
  t.equal(estimatePrice(prices, { country: 'DE', channel: 'sms', segments: 2 }), 0.16)
  t.equal(estimatePrice(prices, { country: null, channel: 'sms', segments: 1 }), 0.08)
  t.equal(estimatePrice(prices, { country: 'DE', channel: 'voice', segments: 1 }), null)
})

t.test('reports what is wrong with an invalid price', async (t) => {
  for (const item of ['US', 'US=', 'US=-1', 'USA=1', 'US:fax=1', 'US=1e3', 'US=1,5']) {
    t.throws(() => parsePrices([item]), { message: new RegExp(`has "${item}", which is not COUNTRY=PRICE`) }, item)
  }
})
