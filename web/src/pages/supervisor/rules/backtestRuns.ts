/** The ends of a backtest's days. */

import type { Instant } from '@/api/types'

/** The first moment of a day of the reader. */
export function dayStart(day: string): Instant {
  return new Date(`${day}T00:00:00`).toISOString()
}

/** The first moment after a day of the reader. */
export function dayEnd(day: string): Instant {
  const next = new Date(`${day}T00:00:00`)
  next.setDate(next.getDate() + 1)
  return next.toISOString()
}
