/** Returns the code in a message: from its last line `@host #123456` (WICG origin-bound one-time codes), or its text. */
export const codeIn = (text: string, length: number): string | undefined => {
  const bound = new RegExp(`@\\S+ #(\\d{${length}})(?!\\d)`).exec(text)
  const loose = new RegExp(`(?<![\\d+])\\d(?:[\\s\\p{Pd}]?\\d){${length - 1}}(?!\\d)`, 'u').exec(text)
  return (bound?.[1] ?? loose?.[0])?.replaceAll(/\D/g, '')
}

/** Returns the code of the next message (WebOTP); undefined if the browser does not support it or `signal` aborts. */
export const codeFromMessage = async (signal: AbortSignal): Promise<string | undefined> => {
  if (!('OTPCredential' in window)) return undefined
  const wanted = { otp: { transport: ['sms'] }, signal } as CredentialRequestOptions
  const credential = await navigator.credentials.get(wanted).catch(() => null)
  return (credential as { code?: string } | null)?.code
}
