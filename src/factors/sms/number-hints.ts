/** Common mistakes in the numbers of a country, and the rules that correct them. Digits are those of E.164. */
const HINTS: readonly [RegExp, string][] = [
  [/^\+54(?!9)/, 'Mobile numbers of Argentina have a 9 after +54 and no 15, for example +54 9 11 2345 6789'],
  [
    /^\+52(?:1|01|044|045)\d{10}$/,
    'Numbers of Mexico have ten digits after +52 and no 1, 01, 044 or 045 before them, for example +52 55 1234 5678',
  ],
  [/^\+55[1-9]{2}[6-9]\d{7}$/, 'Mobile numbers of Brazil have a 9 after the area code, for example +55 11 96123 4567'],
  [/^\+225\d{8}$/, 'Numbers of Côte d’Ivoire have ten digits after +225, for example +225 07 01 23 45 67'],
  [/^\+229\d{8}$/, 'Numbers of Benin have 01 before the former eight digits, for example +229 01 90 12 34 56'],
  [/^\+3903\d{8,9}$/, 'Mobile numbers of Italy have no 0 before the 3, for example +39 312 345 6789'],
]

/** Returns the national rule that an invalid number seems to break; undefined when none is known. */
export const hintFor = (phone: string): string | undefined => HINTS.find(([form]) => form.test(phone))?.[1]
