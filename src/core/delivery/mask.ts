/** A phone number as anyone but its owner may see it: its last two digits, and not even its length. */
export const maskPhone = (phone: string): string => `********${phone.slice(-2)}`
