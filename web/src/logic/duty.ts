/** A week of a roster as a picture: a track of 24 hours for each day, a bar for each shift, and where nobody is. Pure. */

import type { components } from '@/api/schema'
import type { Instant } from '@/api/types'
import type { Whole } from '@/api/whole'

type Schemas = components['schemas']

export type OnShift = Schemas['PersonOnShift']
export type ShiftOfDay = Schemas['ShiftOut']
export type RosterDay = Schemas['RosterDay']
export type Shift = Whole<Schemas['Shift']>
export type RosterSpec = Whole<Schemas['RosterSpec']>

export interface Bar {
  /** The day the shift belongs to, on which it is changed; a bar after midnight belongs to the day before. */
  day: string
  shift: ShiftOfDay
  left: number
  width: number
  lane: number
  /** It goes on from, or into, another day. */
  before: boolean
  after: boolean
}

export interface DayTrack {
  day: string
  bars: Bar[]
  lanes: number
  /** Parts of the day with nobody on duty, as fractions. */
  gaps: { left: number; width: number }[]
}

const DAY = 86_400_000

/** A day `n` days later, both `yyyy-mm-dd`. */
export function addDays(day: string, n: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + n * DAY).toISOString().slice(0, 10)
}

/** The Monday of the week of a day. */
export function mondayOf(day: string): string {
  return addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7))
}

/** How far the centre's wall is ahead of UTC, in milliseconds: a shift begins when that wall says so, whatever the reader's does. */
export function centreOffset(days: readonly RosterDay[], spec: RosterSpec): number {
  for (const { day, shifts } of days) {
    for (const shift of spec.shifts) {
      const begins = shifts.filter((one) => one.name === shift.name).map((one) => Date.parse(one.since_at))
      if (begins.length > 0) return Date.parse(`${day}T${shift.since}:00Z`) - Math.min(...begins)
    }
  }
  return -new Date().getTimezoneOffset() * 60_000
}

/** When a day begins at a place that is so far ahead of UTC, in milliseconds. */
export const beginOf = (day: string, offset: number): number => Date.parse(`${day}T00:00:00Z`) - offset

/** `yyyy-mm-dd hh:mm` on that place's wall. */
export const wallTime = (at: Instant | number, offset: number): string => new Date((typeof at === 'number' ? at : Date.parse(at)) + offset).toISOString().slice(0, 16).replace('T', ' ')

function gapsOf(bars: readonly Bar[]): { left: number; width: number }[] {
  const filled = bars.filter((bar) => bar.shift.people.length > 0).sort((left, right) => left.left - right.left)
  const gaps: { left: number; width: number }[] = []
  let reached = 0
  for (const bar of filled) {
    if (bar.left > reached + 1e-4) gaps.push({ left: reached, width: bar.left - reached })
    reached = Math.max(reached, bar.left + bar.width)
  }
  if (reached < 1 - 1e-4) gaps.push({ left: reached, width: 1 - reached })
  return gaps
}

/** The tracks of the days from `first` on; `days` should begin a day earlier, for what runs over midnight. */
export function weekTracks(days: readonly RosterDay[], first: string, offset: number, count = 7): DayTrack[] {
  const all = days.flatMap(({ day, shifts }) => shifts.map((shift) => ({ day, shift, since: Date.parse(shift.since_at), until: Date.parse(shift.until_at) })))
  return Array.from({ length: count }, (_, index) => {
    const day = addDays(first, index)
    const [begin, end] = [beginOf(day, offset), beginOf(addDays(day, 1), offset)]
    const free: number[] = []
    const bars = all
      .filter((one) => one.since < end && one.until > begin)
      .sort((left, right) => left.since - right.since)
      .map(({ day: of, shift, since, until }): Bar => {
        const left = (Math.max(since, begin) - begin) / (end - begin)
        const right = (Math.min(until, end) - begin) / (end - begin)
        let lane = free.findIndex((at) => at <= left + 1e-6)
        if (lane < 0) lane = free.length
        free[lane] = right
        return { day: of, shift, left, width: right - left, lane, before: since < begin, after: until > end }
      })
    return { day, bars, lanes: Math.max(1, free.length), gaps: gapsOf(bars) }
  })
}

/** Hours of a week in which nobody is on duty, rounded to halves: the sentence beside the picture. */
export function hoursWithout(tracks: readonly DayTrack[]): number {
  return Math.round(tracks.flatMap((track) => track.gaps).reduce((sum, gap) => sum + gap.width * 24, 0) * 2) / 2
}

/** The roster with other people for a shift of a day; null gives the day back to the rotation. */
export function withOverride(spec: RosterSpec, day: string, shift: string, people: string[] | null): RosterSpec {
  const others = spec.overrides.filter((one) => one.day !== day || one.shift !== shift)
  return { ...spec, overrides: people === null ? others : [...others, { day, shift, people }] }
}

/** A shift to add to a roster: after the last one, for eight hours. */
export function nextShift(shifts: readonly Shift[], today: string): Shift {
  const since = shifts.at(-1)?.until ?? '08:00'
  const hour = (Number(since.slice(0, 2)) + 8) % 24
  return { name: '', since, until: `${String(hour).padStart(2, '0')}:${since.slice(3)}`, weekdays: [1, 2, 3, 4, 5, 6, 7], on_holidays: 'always', groups: [[]], turn_days: 1, turns_from: mondayOf(today) }
}
