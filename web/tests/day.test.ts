import { describe, expect, it } from 'vitest'

import type { Day } from '@/api/types'
import { bars, place, rhythm, trace, usualLine } from '@/logic/day'
import { curve, probeWords, share } from '@/logic/figures'

const day: Day = {
  from: '2026-11-21T08:00:00.000Z',
  to: '2026-11-22T08:00:00.000Z',
  lanes: [{ key: 'motion', name: '厨房', spans: [{ from: '2026-11-21T20:00:00.000Z', to: '2026-11-21T20:00:01.000Z', kind: 'on' }], marks: [] }],
  vitals: [],
  readings_away: false,
  usual: Array.from({ length: 24 }, (_, hour) => ({ hour, movement: hour })),
  sentence: { code: 'moving', last_movement_at: null, movements: 1, usual_movements: null },
}

describe('the last 24 hours', () => {
  it('put an instant where it belongs, and never outside', () => {
    expect(place('2026-11-21T20:00:00.000Z', day)).toBe(0.5)
    expect(place('2020-01-01T00:00:00.000Z', day)).toBe(0)
    expect(place('2030-01-01T00:00:00.000Z', day)).toBe(1)
  })

  it('show the shortest movement', () => {
    expect(bars(day.lanes[0] as Day['lanes'][number], day)[0]?.width).toBeGreaterThanOrEqual(0.004)
  })

  it('are 24 hours against 24 usual ones', () => {
    const hours = rhythm(day)
    expect(hours).toHaveLength(24)
    expect(new Set(hours.map((hour) => hour.hour)).size).toBe(24)
    expect(hours.filter((hour) => hour.seen > 0)).toHaveLength(1)
    expect(Math.max(...hours.map((hour) => hour.seen * 23))).toBeCloseTo(1)
    expect(usualLine(day).length).toBeGreaterThanOrEqual(23)
  })

  it('draw a flat vital without dividing by nothing', () => {
    const drawn = trace({ metric: 'spo2', unit: '%', low: null, high: null, points: [{ at: day.to, value: 97 }] }, day)
    expect(drawn.points[0]?.y).toBe(0)
    expect(drawn.band).toEqual({ low: 0, high: 1 })
  })
})

describe('figures', () => {
  it('of nothing have no share and miss no target', () => {
    expect(share(0, 0, 15)).toEqual({ words: '—', target: 90, missed: false })
  })

  it('never round up to a target that was missed', () => {
    expect(share(8_999, 10_000, 15)).toEqual({ words: '89.9%', target: 90, missed: true })
    expect(share(999_999, 1_000_000, 180).words).not.toBe('100%')
  })

  it('draw a night without alarms as a line on the ground', () => {
    expect(curve([0, 0]).points).not.toContain('NaN')
  })

  it('count lost probes', () => {
    expect(probeWords([{ outcome: 'lost', latency_milliseconds: null }, { outcome: 'arrived', latency_milliseconds: 40.4 }])).toEqual({ total: 2, lost: 1, median: 40, worst: 40 })
    expect(probeWords([])).toEqual({ total: 0, lost: 0, median: null, worst: null })
  })
})
