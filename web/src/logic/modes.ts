/** Modes of a home and its devices: who may set which, for how long, and ends to choose from. Pure. */

import type { ModeName, Suppressed } from '@/api/types'

export const MODES: readonly ModeName[] = ['away', 'hospital', 'test', 'drill', 'out_of_service']

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The longest stay of each, as the API allows it. */
const LONGEST: Record<ModeName, number> = { away: 90 * DAY, hospital: 90 * DAY, test: 4 * HOUR, drill: 4 * HOUR, out_of_service: 30 * DAY }

const NEEDS: Record<ModeName, string> = { away: 'modes.set_away', hospital: 'modes.set_away', test: 'modes.set_test', drill: 'modes.set', out_of_service: 'modes.set' }

/** The modes a person may set. */
export function settable(can: readonly string[]): ModeName[] {
  return MODES.filter((mode) => can.includes(NEEDS[mode]))
}

/** Whether it is of one device. */
export function ofDevice(mode: ModeName): boolean {
  return mode === 'test' || mode === 'out_of_service'
}

export interface End {
  unit: 'hours' | 'days' | 'evening'
  count: number
  until: number
}

const CHOICES: Record<ModeName, readonly [End['unit'], number][]> = {
  away: [['evening', 0], ['days', 1], ['days', 3], ['days', 7], ['days', 30]],
  hospital: [['days', 3], ['days', 7], ['days', 14], ['days', 30]],
  test: [['hours', 1], ['hours', 2], ['hours', 4]],
  drill: [['hours', 1], ['hours', 2], ['hours', 4]],
  out_of_service: [['days', 1], ['days', 3], ['days', 7], ['days', 14]],
}

/** Ends to choose from, the soonest first. "This evening" is 20:00 of the reader's day while that is at least an hour away. */
export function ends(mode: ModeName, now: number): End[] {
  const evening = new Date(now)
  evening.setHours(20, 0, 0, 0)
  return CHOICES[mode].flatMap<End>(([unit, count]) => {
    if (unit === 'evening') return evening.getTime() - now >= HOUR ? [{ unit, count, until: evening.getTime() }] : []
    // A minute less than the most, so that the way to the centre cannot make it too long.
    return [{ unit, count, until: Math.min(now + count * (unit === 'hours' ? HOUR : DAY), now + LONGEST[mode] - 60_000) }]
  })
}

/** Whether an end lies ahead and within reach. */
export function isPossibleEnd(mode: ModeName, until: number, now: number): boolean {
  return Number.isFinite(until) && until > now && until <= now + LONGEST[mode]
}

/** An instant as a field for date and time wants it, in the reader's time. */
export function localMinute(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** What was found today and not shown, by reason, the most frequent first. */
export function suppressedToday(rows: readonly Pick<Suppressed, 'last_at' | 'because'>[], now: number): { because: string; count: number }[] {
  const today = new Date(now).toDateString()
  const counts = new Map<string, number>()
  for (const row of rows) {
    if (new Date(row.last_at).toDateString() === today) counts.set(row.because, (counts.get(row.because) ?? 0) + 1)
  }
  return [...counts].map(([because, count]) => ({ because, count })).sort((left, right) => right.count - left.count)
}
