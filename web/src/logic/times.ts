/** Times as people read them. Pure: everything takes `now`. */

import type { Instant } from '@/api/types'

const two = (value: number): string => String(value).padStart(2, '0')

/** `mm:ss`, from an hour on `h:mm:ss`, from a day on `n d`-less `hh:mm` hours; never negative, so it cannot shift. */
export function runningClock(since: Instant, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1_000))
  const hours = Math.floor(seconds / 3_600)
  const minutes = Math.floor((seconds % 3_600) / 60)
  if (hours >= 100) return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`
  return `${two(minutes)}:${two(seconds % 60)}`
}

/** `m:ss` left until an instant; `00:00` once it has passed. */
export function countdown(until: Instant, now: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1_000))
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
}

export type AgeUnit = 'now' | 'seconds' | 'minutes' | 'hours' | 'days'

/** How long ago, in the one unit a person would say. */
export function age(at: Instant, now: number): { unit: AgeUnit; count: number } {
  const seconds = Math.max(0, Math.floor((now - Date.parse(at)) / 1_000))
  if (seconds < 5) return { unit: 'now', count: 0 }
  if (seconds < 60) return { unit: 'seconds', count: seconds }
  if (seconds < 3_600) return { unit: 'minutes', count: Math.floor(seconds / 60) }
  if (seconds < 48 * 3_600) return { unit: 'hours', count: Math.floor(seconds / 3_600) }
  return { unit: 'days', count: Math.floor(seconds / 86_400) }
}

/** `hh:mm:ss` of the reader's day. */
export function clockTime(at: Instant): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `hh:mm` of the reader's day. */
export function shortTime(at: Instant): string {
  return clockTime(at).slice(0, 5)
}

/** `yyyy-mm-dd hh:mm:ss`. */
export function exactTime(at: Instant): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(at)}`
}

/** Whether two instants are on different days of the reader. */
export function otherDay(at: Instant, now: number): boolean {
  return new Date(at).toDateString() !== new Date(now).toDateString()
}

export type LeftUnit = 'over' | 'minutes' | 'hours' | 'days'

/** How much longer, in the one unit a person would say; rounded up, so that nothing is over before it is. */
export function left(until: Instant, now: number): { unit: LeftUnit; count: number } {
  const seconds = Math.ceil((Date.parse(until) - now) / 1_000)
  if (seconds <= 0) return { unit: 'over', count: 0 }
  if (seconds <= 90 * 60) return { unit: 'minutes', count: Math.ceil(seconds / 60) }
  if (seconds <= 48 * 3_600) return { unit: 'hours', count: Math.ceil(seconds / 3_600) }
  return { unit: 'days', count: Math.ceil(seconds / 86_400) }
}
