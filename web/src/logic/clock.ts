/** What time it is at the centre: this computer's clock, corrected by what the API says. */

/** Below this the two clocks are taken as the same: the `Date` header has whole seconds only. */
const TOLERATED_MILLISECONDS = 2_000

/** The correction for one answer: `date` is its Date header, sent and received by the local clock. Null: cannot tell. */
export function skewOf(date: string | null, sentAt: number, receivedAt: number): number | null {
  if (!date) return null
  const server = Date.parse(date)
  if (Number.isNaN(server) || receivedAt - sentAt > 5_000) return null
  const skew = server + 500 - (sentAt + receivedAt) / 2
  return Math.abs(skew) < TOLERATED_MILLISECONDS ? 0 : skew
}

class CentreClock {
  #skew = 0

  /** Milliseconds since 1970 by the centre's clock. */
  now(): number {
    return Date.now() + this.#skew
  }

  learn(date: string | null, sentAt: number, receivedAt: number): void {
    const skew = skewOf(date, sentAt, receivedAt)
    if (skew !== null && Math.abs(skew - this.#skew) >= TOLERATED_MILLISECONDS) this.#skew = skew
  }
}

export const clock = new CentreClock()
