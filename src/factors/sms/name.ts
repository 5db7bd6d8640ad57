/** The name of the factor that sends a code to a phone. */
export const SMS = 'sms'
