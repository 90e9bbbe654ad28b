/** The picture of why there is an alert: the series with the limits they were judged by, and the signals beside them. Pure. */

import type { Instant, Why, WhySeries, WhySignal } from '@/api/types'

/** Where an instant lies between two others, 0 to 1. */
export function placeBetween(at: Instant, start: Instant, end: Instant): number {
  const from = Date.parse(start)
  const span = Math.max(1, Date.parse(end) - from)
  return Math.min(1, Math.max(0, (Date.parse(at) - from) / span))
}

export interface DrawnSeries {
  key: string
  /** Broken where nothing was heard for long: a gap is not a straight line. */
  lines: { x: number; y: number }[][]
  low: number | null
  high: number | null
  /** The smallest and largest value on the scale. */
  least: number
  most: number
}

const PADDING = 0.12
/** A pause this much longer than usual is drawn as a gap. */
const GAP = 6

/** One series as points of the unit square, y upwards; the limits are always within the scale. */
export function drawSeries(series: WhySeries, start: Instant, end: Instant): DrawnSeries {
  const limits = [series.low, series.high].filter((limit) => limit !== null)
  const values = [...series.points.map((point) => point.value), ...limits]
  const least = values.length > 0 ? Math.min(...values) : 0
  const most = values.length > 0 ? Math.max(...values) : 1
  const room = Math.max(most - least, Math.abs(most) * 0.02, 0.5) * PADDING
  const bottom = least - room
  const height = most + room - bottom
  const level = (value: number): number => (value - bottom) / height
  const steps = series.points.slice(1).map((point, index) => Date.parse(point.at) - Date.parse(series.points[index]?.at ?? point.at))
  const usual = [...steps].sort((left, right) => left - right)[Math.floor(steps.length / 2)] ?? 0
  const lines: { x: number; y: number }[][] = []
  series.points.forEach((point, index) => {
    if (index === 0 || (steps[index - 1] ?? 0) > Math.max(usual, 1_000) * GAP) lines.push([])
    lines.at(-1)?.push({ x: placeBetween(point.at, start, end), y: level(point.value) })
  })
  return { key: `${series.device_id}:${series.metric}`, lines, low: series.low === null ? null : level(series.low), high: series.high === null ? null : level(series.high), least, most }
}

export interface SignalLane {
  device: number
  name: string
  room: string | null
  marks: { x: number; type: string; at: Instant }[]
}

/** Signals by device, the device that spoke last first. */
export function signalLanes(signals: readonly WhySignal[], start: Instant, end: Instant, most = 5): SignalLane[] {
  const lanes = new Map<number, SignalLane>()
  for (const signal of [...signals].sort((left, right) => Date.parse(right.at) - Date.parse(left.at))) {
    const lane = lanes.get(signal.device_id) ?? { device: signal.device_id, name: signal.device_name, room: signal.room, marks: [] }
    lane.marks.push({ x: placeBetween(signal.at, start, end), type: signal.type, at: signal.at })
    lanes.set(signal.device_id, lane)
  }
  return [...lanes.values()].slice(0, most)
}

/** Whole times of the clock to write below the picture: five at most. */
export function ticks(start: Instant, end: Instant): Instant[] {
  const MINUTE = 60_000
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 7_200, 14_400].map((minutes) => minutes * MINUTE)
  const [from, to] = [Date.parse(start), Date.parse(end)]
  const step = steps.find((each) => (to - from) / each <= 5) ?? 43_200 * MINUTE
  const shift = new Date(from).getTimezoneOffset() * MINUTE
  const first = Math.ceil((from - shift) / step) * step + shift
  const found: Instant[] = []
  for (let at = first; at <= to; at += step) found.push(new Date(at).toISOString())
  return found
}

/** The sentence in the reader's language. */
export function sentenceIn(why: Pick<Why, 'sentence'>, language: string): string {
  return language === 'en' ? why.sentence.en : why.sentence.zh
}

/** Values far from any other: no line goes through them, and where one raised the alarm it stands above the mark of that moment. */
export function standingAlone<Place>(lines: readonly (readonly Place[])[]): Place[] {
  return lines.flatMap((line) => (line.length === 1 ? line : []))
}
