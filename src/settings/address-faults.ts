import { BlockList, isIP } from 'node:net'
import { type SettingSchema, type Settings, SettingsSchema } from './schema.ts'

const isCidr = (range: string): boolean => {
  const [address = '', bits, ...rest] = range.split('/')
  const version = isIP(address)
  if (!version || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
  try {
    new BlockList().addSubnet(address, Number(bits ?? 32), version === 4 ? 'ipv4' : 'ipv6')
    return true
  } catch {
    return false
  }
}

/** Yields the faults in the addresses of proxies, the database, Redis and the events webhook. */
export const addressFaults = function* (settings: Settings): Generator<string> {
  for (const range of settings.TRUST_PROXY) {
    if (!isCidr(range))
      yield `TRUST_PROXY names "${range}", which is not an address or a CIDR range. For example: 10.0.0.0/8`
  }
  for (const name of ['DATABASE_URL', 'REDIS_URL'] as const) {
    const url = settings[name]
    if (url?.match(/^(postgres(ql)?|rediss?):\/\/./) && !URL.canParse(url)) {
      yield `${name} is not a valid URL: write # and % in a password as %23 and %25. For example: ${(SettingsSchema.properties[name] as unknown as SettingSchema).examples}`
    }
  }
  const { EVENTS_WEBHOOK_URL: eventsUrl } = settings
  if (eventsUrl?.match(/^https?:\/\/./) && !URL.canParse(eventsUrl))
    yield 'EVENTS_WEBHOOK_URL is not a valid URL. For example: https://ops.example.com/doorcode'
  if (eventsUrl !== undefined && settings.EVENTS_WEBHOOK_SECRET === undefined)
    yield 'EVENTS_WEBHOOK_URL needs EVENTS_WEBHOOK_SECRET (or EVENTS_WEBHOOK_SECRET_FILE) to sign events. For example: the output of: echo whsec_$(openssl rand -base64 32)'
}
