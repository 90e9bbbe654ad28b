/** Figures of the centre. Pure. */

/** What others publish as good: 90 % in 15 s (NENA), 97.5 % in 60 s and 99 % in 180 s (TSA). */
const TARGETS: Record<number, number> = { 15: 90, 60: 97.5, 180: 99 }

/** A share in words, with its target; of nothing there is no share, and no target is missed. */
export function share(part: number, total: number, limit: number): { words: string; target: number; missed: boolean } {
  const target = TARGETS[limit] ?? 100
  if (total === 0) return { words: '—', target, missed: false }
  const percent = (part / total) * 100
  const words = percent === 100 ? '100%' : `${(Math.floor(percent * 10) / 10).toFixed(1)}%`
  return { words, target, missed: percent < target }
}

/** Points of a stepped curve in a box of 1000 by 100, and the most of an hour. */
export function curve(counts: readonly number[]): { points: string; most: number; last: { x: number; y: number } } {
  const most = Math.max(1, ...counts)
  const width = 1000 / Math.max(1, counts.length)
  const y = (count: number): number => 98 - (count / most) * 92
  const points = counts.map((count, index) => `${(index * width).toFixed(1)},${y(count).toFixed(1)} ${((index + 1) * width).toFixed(1)},${y(count).toFixed(1)}`).join(' ')
  return { points, most, last: { x: 1000, y: y(counts.at(-1) ?? 0) } }
}

/** The probe's runs in figures: whole milliseconds, null when there is none. */
export function probeWords(runs: readonly { outcome: string; latency_milliseconds: number | null }[]): { total: number; lost: number; median: number | null; worst: number | null } {
  const times = runs.flatMap((run) => (run.latency_milliseconds === null ? [] : [run.latency_milliseconds])).sort((left, right) => left - right)
  const middle = times[Math.floor((times.length - 1) / 2)]
  const worst = times.at(-1)
  return {
    total: runs.length,
    lost: runs.filter((run) => run.outcome === 'lost').length,
    median: middle === undefined ? null : Math.round(middle),
    worst: worst === undefined ? null : Math.round(worst),
  }
}
