/** Backtests as they cross HTTP. */

import type { Instant } from '@/api/types'
import type { BacktestResult } from '@/logic/backtest'

export interface BacktestRun {
  id: number
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  homes_done: number
  homes_total: number
  created_at: Instant
  created_by: string
  error: string | null
  result: BacktestResult | null
}

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
