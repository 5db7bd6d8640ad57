import { createClient, type TokenStorage } from 'doorcode/client'
import 'react-native-get-random-values'
import * as Keychain from 'react-native-keychain'
import { v4 as randomUUID } from 'uuid'

const SERVICE = 'doorcode'

/** Stores tokens in the Keychain (iOS) or Keystore (Android): on this device only, readable only while it is unlocked. */
export const keychain: TokenStorage = {
  async load() {
    const kept = await Keychain.getGenericPassword({ service: SERVICE })
    return kept ? JSON.parse(kept.password) : undefined
  },
  async save(tokens) {
    await Keychain.setGenericPassword('tokens', JSON.stringify(tokens), {
      service: SERVICE,
      accessible: Keychain.ACCESSIBLE.WHEN_UNLOCKED_THIS_DEVICE_ONLY,
    })
  },
}

/** Creates the client of the app. `url` is the address of the service, `language` the language of its messages. */
export const createSession = (options: { url: string; language?: string; onSessionEnd?: () => void }) =>
  // React Native lacks `crypto.randomUUID`, which the client uses for the Idempotency-Key.
  createClient({ ...options, storage: keychain, randomUUID })
