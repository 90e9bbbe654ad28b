/** The answer of a backtest as a picture and a sentence. Pure. */

import type { components } from '@/api/schema'

export type BacktestHome = components['schemas']['BacktestHome']
export type BacktestResult = components['schemas']['BacktestResult']

export interface DayBar {
  day: string
  count: number
  /** Part of the height, 0 to 1. */
  height: number
  weekend: boolean
}

/** Every day between the two ends has its bar, those on which nothing fired too. Days are `yyyy-mm-dd`, both included. */
export function dayBars(perDay: readonly { day: string; count: number }[], first: string, last: string): DayBar[] {
  const counts = new Map(perDay.map((entry) => [entry.day, entry.count]))
  const most = Math.max(1, ...counts.values())
  const bars: DayBar[] = []
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= Date.parse(`${last}T00:00:00Z`) && bars.length < 400; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10)
    const count = counts.get(day) ?? 0
    bars.push({ day, count, height: count / most, weekend: [0, 6].includes(new Date(at).getUTCDay()) })
  }
  return bars
}

/** Homes in which it would have been right come first, then those in which it fired most. */
export function orderHomes<Home extends Pick<BacktestHome, 'name' | 'count' | 'real_nearby'>>(homes: readonly Home[]): Home[] {
  return [...homes].sort((left, right) => Number(right.real_nearby) - Number(left.real_nearby) || right.count - left.count || left.name.localeCompare(right.name))
}

/** How often a day and home, in one number with a sensible precision: what an operator would have to answer. */
export function perDay(fired: number, days: number): string {
  const rate = fired / Math.max(1, days)
  return rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1)
}

/** Whether a run still goes on. */
export const isRunning = (state: string): boolean => state === 'waiting' || state === 'running'

/** Part of the homes that are done, in whole per cent; 0 while nothing is known. */
export function percentDone(done: number, total: number): number {
  return total === 0 ? 0 : Math.min(100, Math.floor((done / total) * 100))
}

/** The day `days` before `today`, both `yyyy-mm-dd`. */
export function daysBefore(today: string, days: number): string {
  return new Date(Date.parse(`${today}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10)
}

/** The reader's day as `yyyy-mm-dd`. */
export function dayOf(now: number): string {
  const date = new Date(now)
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}
