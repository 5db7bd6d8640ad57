/** Area codes of the United States; 555-0100 to 555-0199 are reserved for fiction in each. */
const AREAS =
  `202 201 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252
  253 254 256 260 262 267 269 270 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321`.split(
    /\s+/,
  )

const PER_AREA = 100

/** Numbers of `SCENARIO_NUMBERS=standard`, whose messages are not delivered. */
const SCENARIOS = /^\+1202555015[0-5]$/

/**
 * Creates a function that returns unassigned numbers in E.164, each once. It skips numbers for which `isTaken` returns true,
 * and throws when all are used.
 */
export const createFictionPhones = (isTaken: (phone: string) => boolean): (() => string) => {
  let nth = 0
  return () => {
    for (; nth < AREAS.length * PER_AREA; ) {
      const phone = `+1${AREAS[Math.floor(nth / PER_AREA)]}55501${String(nth % PER_AREA).padStart(2, '0')}`
      nth += 1
      if (!SCENARIOS.test(phone) && !isTaken(phone)) return phone
    }
    throw new Error(
      `All ${AREAS.length * PER_AREA} numbers for fiction are in use: pass a phone for each further user.`,
    )
  }
}
