/** The characters of GSM 03.38's basic alphabet that our texts use: any other doubles the cost of a message. */
const GSM7 = /^[A-Za-z0-9 \n.,:;!?'"()+\-*/=<>@#&%_$]*$/

/** The length of one segment, in septets. */
const ONE_SEGMENT = 160

/**
 * The text that carries a code: one GSM-7 segment whose last line is the origin-bound one that browsers fill in from
 * (WICG "Origin-bound one-time codes": `@host #code`, single spaces, nothing after it).
 */
export const codeText = ({
  code,
  serviceName,
  domain,
}: {
  code: string
  serviceName: string
  domain: string
}): string => `${code} is your ${serviceName} code. Do not share it with anyone.\n\n@${domain} #${code}`

/** Throws when a code's text would not be one GSM-7 segment with these names in it. */
export const assertOneSegment = (names: { serviceName: string; domain: string }): void => {
  const text = codeText({ code: '12345678', ...names })
  if (!GSM7.test(text)) throw new Error('The text of a code has characters outside GSM-7: check SERVICE_NAME.')
  if (text.length > ONE_SEGMENT) {
    throw new Error(
      `The text of a code is ${text.length - ONE_SEGMENT} characters too long: shorten SERVICE_NAME or SMS_DOMAIN.`,
    )
  }
}
