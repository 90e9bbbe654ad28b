import { describe, expect, it } from 'vitest'

import { drawSeries, placeBetween, sentenceIn, signalLanes, standingAlone, ticks } from '@/logic/why'

const START = '2026-11-23T00:00:00.000Z'
const END = '2026-11-23T10:00:00.000Z'
const at = (minutes: number): string => new Date(Date.parse(START) + minutes * 60_000).toISOString()
const series = (points: [number, number][], low: number | null, high: number | null) => ({
  device_id: 1, device_name: 'x', room: null, metric: 'spo2', unit: '%', low, high, points: points.map(([minute, value]) => ({ at: at(minute), value })),
})

describe('the picture of why', () => {
  it('keeps every instant within itself', () => {
    expect(placeBetween(at(300), START, END)).toBe(0.5)
    expect(placeBetween(at(-5), START, END)).toBe(0)
    expect(placeBetween(at(9_999), START, END)).toBe(1)
  })

  it('has the limits on its scale, also when no value comes near them', () => {
    const drawn = drawSeries(series([[0, 97], [10, 96]], 90, null), START, END)
    expect(drawn.low).toBeGreaterThan(0)
    expect(drawn.low).toBeLessThan(drawn.lines[0]?.[1]?.y ?? 0)
    expect(drawn.high).toBeNull()
    expect([drawn.least, drawn.most]).toEqual([90, 97])
  })

  it('draws a gap where nothing was heard, never a straight line over it', () => {
    const drawn = drawSeries(series([[0, 1], [5, 1], [10, 1], [300, 1], [305, 1]], null, null), START, END)
    expect(drawn.lines.map((line) => line.length)).toEqual([3, 2])
  })

  it('shows a value that stands alone, through which no line goes', () => {
    const drawn = drawSeries(series([[0, 1], [5, 1], [10, 1], [300, 3]], null, null), START, END)
    expect(standingAlone(drawn.lines).map((place) => place.x)).toEqual([0.5])
  })

  it('draws nothing of nothing', () => {
    expect(drawSeries(series([], null, null), START, END).lines).toEqual([])
  })

  it('has a row for each device, the one that spoke last first', () => {
    const signal = (minute: number, device: number) => ({ at: at(minute), type: 'motion.seen', device_id: device, device_name: `d${device}`, room: null })
    const lanes = signalLanes([signal(1, 1), signal(2, 2), signal(3, 1)], START, END)
    expect(lanes.map((lane) => [lane.device, lane.marks.length])).toEqual([[1, 2], [2, 1]])
    expect(signalLanes([1, 2, 3, 4].map((device) => signal(device, device)), START, END, 2)).toHaveLength(2)
  })

  it('writes at most five times below, whatever the span', () => {
    for (const hours of [0.2, 1, 5, 24, 24 * 7, 24 * 90]) {
      const found = ticks(START, new Date(Date.parse(START) + hours * 3_600_000).toISOString())
      expect(found.length).toBeGreaterThan(0)
      expect(found.length).toBeLessThanOrEqual(6)
    }
  })

  it('says it in the language of the reader', () => {
    expect(sentenceIn({ sentence: { zh: '一', en: 'one' } }, 'en')).toBe('one')
    expect(sentenceIn({ sentence: { zh: '一', en: 'one' } }, 'zh-CN')).toBe('一')
  })
})
