/** Geometry of the last 24 hours: everything as fractions of the width, so that any size draws the same. Pure. */

import type { Day, DayLane, DayVital } from '@/api/types'

export interface Bar {
  left: number
  width: number
  kind: string
}

/** Where an instant lies between the ends of the day, 0 to 1. */
export function place(at: string, day: Pick<Day, 'from' | 'to'>): number {
  const from = Date.parse(day.from)
  const span = Date.parse(day.to) - from
  return span <= 0 ? 0 : Math.min(1, Math.max(0, (Date.parse(at) - from) / span))
}

/** The spans of a lane as bars; the shortest is still wide enough to be seen. */
export function bars(lane: Pick<DayLane, 'spans'>, day: Pick<Day, 'from' | 'to'>, least = 0.004): Bar[] {
  return lane.spans.map((span) => {
    const left = place(span.from, day)
    return { left: Math.min(left, 1 - least), width: Math.max(least, place(span.to, day) - left), kind: span.kind }
  })
}

/** Full hours to write below, at most `count`. */
export function hours(day: Pick<Day, 'from' | 'to'>, every: number): { at: number; hour: number }[] {
  const ticks: { at: number; hour: number }[] = []
  const cursor = new Date(day.from)
  cursor.setMinutes(0, 0, 0)
  for (let step = 0; step < 49; step += 1) {
    cursor.setHours(cursor.getHours() + 1)
    if (cursor.getTime() > Date.parse(day.to)) break
    if (cursor.getHours() % every === 0) ticks.push({ at: place(cursor.toISOString(), day), hour: cursor.getHours() })
  }
  return ticks
}

/** The lanes that tell of movement: presence only where nothing else does, because a sleeper is present, too. */
function moving(day: Day): DayLane[] {
  const motion = day.lanes.filter((lane) => lane.key === 'motion')
  return motion.length > 0 ? motion : day.lanes.filter((lane) => lane.key === 'presence')
}

/**
 * Movement per hour of the reader's day. The spans say when, the sentence how often in all: the count is spread over
 * the hours as the spans are, so that it can be held against the usual, which is counted.
 */
export function movementByHour(day: Day): number[] {
  const minutes = new Array<number>(24).fill(0)
  for (const lane of moving(day)) {
    for (const span of lane.spans) {
      const end = Math.min(Date.parse(span.to), Date.parse(day.to))
      for (let at = Date.parse(span.from); at < end; at += 60_000) {
        const hour = new Date(at).getHours()
        minutes[hour] = (minutes[hour] ?? 0) + 1
      }
    }
  }
  const total = minutes.reduce((sum, count) => sum + count, 0)
  return minutes.map((count) => (total === 0 ? 0 : (count / total) * day.sentence.movements))
}

/** The usual movement along the day as points of a line, x and y 0 to 1 (1 is most). */
export function usualLine(day: Day): { x: number; y: number }[] {
  const most = Math.max(1, ...day.usual.map((hour) => hour.movement))
  const points: { x: number; y: number }[] = []
  const cursor = new Date(day.from)
  cursor.setMinutes(30, 0, 0)
  for (let step = 0; step < 49 && cursor.getTime() <= Date.parse(day.to); step += 1) {
    const usual = day.usual.find((hour) => hour.hour === cursor.getHours())
    if (usual && cursor.getTime() >= Date.parse(day.from)) points.push({ x: place(cursor.toISOString(), day), y: usual.movement / most })
    cursor.setHours(cursor.getHours() + 1)
  }
  return points
}

/** A vital as a line with its normal band, in fractions of its own box (y: 0 is the bottom). */
export function trace(vital: DayVital, day: Pick<Day, 'from' | 'to'>) {
  const values = vital.points.map((point) => point.value)
  const all = [...values, ...(vital.low === null ? [] : [vital.low]), ...(vital.high === null ? [] : [vital.high])]
  const low = Math.min(...all)
  const span = Math.max(...all) - low || 1
  const y = (value: number): number => (value - low) / span
  return {
    points: vital.points.map((point) => ({ x: place(point.at, day), y: y(point.value), value: point.value, at: point.at })),
    band: { low: vital.low === null ? 0 : y(vital.low), high: vital.high === null ? 1 : y(vital.high) },
  }
}

export interface HourOfRhythm {
  hour: number
  /** Both in 0 to 1 of the most. */
  seen: number
  usual: number
}

/** The hours from the start of the picture to its end, with what was seen and what is usual. */
export function rhythm(day: Day): HourOfRhythm[] {
  const seen = movementByHour(day)
  const usual = new Map(day.usual.map((hour) => [hour.hour, hour.movement]))
  const most = Math.max(1, ...seen, ...usual.values())
  const cursor = new Date(day.to)
  cursor.setHours(cursor.getHours() - 23, 0, 0, 0)
  return Array.from({ length: 24 }, () => {
    const hour = cursor.getHours()
    cursor.setHours(hour + 1)
    return { hour, seen: (seen[hour] ?? 0) / most, usual: (usual.get(hour) ?? 0) / most }
  })
}
