import { createClient, type TokenStorage } from 'doorcode/client'
import 'react-native-get-random-values'
import * as Keychain from 'react-native-keychain'
import { v4 as randomUUID } from 'uuid'

const SERVICE = 'doorcode'

/** Tokens in the Keychain of iOS or the Keystore of Android: on this device alone, and only while it is unlocked. */
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

/** The one client of the app. `url` is the address of the service, `language` that of the messages. */
export const createSession = (options: { url: string; language?: string; onSessionEnd?: () => void }) =>
  // React Native has no `crypto.randomUUID`, which the Idempotency-Key is made with.
  createClient({ ...options, storage: keychain, randomUUID })
