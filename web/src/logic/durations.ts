/** Lengths of time as people say them: one number and one unit. Pure. */

export const UNITS = ['seconds', 'minutes', 'hours', 'days'] as const
export type DurationUnit = (typeof UNITS)[number]

const SECONDS: Record<DurationUnit, number> = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 }

/** The largest unit in which the time is a whole number: 5400 s are 90 minutes, 7200 s two hours. */
export function splitDuration(seconds: number | null | undefined): { count: string; unit: DurationUnit } {
  if (seconds === null || seconds === undefined) return { count: '', unit: 'minutes' }
  const unit = [...UNITS].reverse().find((one) => seconds >= SECONDS[one] && seconds % SECONDS[one] === 0) ?? 'seconds'
  return { count: String(seconds / SECONDS[unit]), unit }
}

/** Seconds; null of nothing, and of what is no number (the API says so in words). */
export function joinDuration(count: string, unit: DurationUnit): number | null {
  const text = count.trim().replace(',', '.')
  if (text === '') return null
  const number = Number(text)
  return Number.isFinite(number) ? number * SECONDS[unit] : null
}
