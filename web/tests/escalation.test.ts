import { describe, expect, it } from 'vitest'

import { freshPolicy, freshTarget, gapPixels, inOrder, incomplete, nextStep, retarget } from '@/logic/escalation'
import { joinDuration, splitDuration } from '@/logic/durations'
import { addDays, centreOffset, hoursWithout, mondayOf, nextShift, wallTime, weekTracks, withOverride, type RosterSpec } from '@/logic/duty'
import { orderTests, testFigures } from '@/logic/reach'
import { insertPlace, placesIn, templateProblems } from '@/logic/templates'
import { dayBars, daysBefore, orderHomes, perDay, percentDone } from '@/logic/backtest'
import { left } from '@/logic/times'

describe('steps of a policy', () => {
  it('stand in the order of their delay, whatever order they were written in', () => {
    const [a, b] = freshPolicy().steps
    expect(inOrder([b as never, a as never]).map((step) => step.after_seconds)).toEqual([30, 60])
  })

  it('are drawn further apart the longer the wait, within bounds', () => {
    expect(gapPixels(30, 30)).toBe(0)
    expect(gapPixels(0, 30)).toBeLessThan(gapPixels(0, 180))
    expect(gapPixels(0, 86_400)).toBeLessThanOrEqual(72)
  })

  it('are incomplete while somebody is named by nothing', () => {
    const steps = [{ ...nextStep([]), targets: [retarget('roster')] }, nextStep([]), { ...nextStep([]), targets: [] }]
    expect(incomplete(steps)).toEqual([0, 2])
  })

  it('forget whom they named when they ask for somebody else', () => {
    expect(retarget('contacts')).toEqual({ ...freshTarget('contacts') })
    expect(retarget('user').role).toBeNull()
  })

  it('come after the last one', () => {
    expect(nextStep(freshPolicy().steps).after_seconds).toBe(120)
  })
})

describe('lengths of time', () => {
  it('are told in the largest unit that is whole', () => {
    expect(splitDuration(43_200)).toEqual({ count: '12', unit: 'hours' })
    expect(splitDuration(90)).toEqual({ count: '90', unit: 'seconds' })
    expect(splitDuration(null).count).toBe('')
  })

  it('come back as seconds, and nothing as nothing', () => {
    expect(joinDuration('1,5', 'hours')).toBe(5_400)
    expect(joinDuration(' ', 'hours')).toBeNull()
    expect(joinDuration('x', 'hours')).toBeNull()
  })

  it('that are left are rounded up', () => {
    expect(left('2026-01-01T00:00:01Z', Date.parse('2026-01-01T00:00:00Z'))).toEqual({ unit: 'minutes', count: 1 })
    expect(left('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:00Z')).unit).toBe('over')
    expect(left('2026-01-11T00:00:00Z', Date.parse('2026-01-01T12:00:00Z'))).toEqual({ unit: 'days', count: 10 })
  })
})

/** A centre eight hours ahead of UTC, wherever this test runs. */
const OFFSET = 8 * 3_600_000
const at = (day: string, hour: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + hour * 3_600_000 - OFFSET).toISOString()
const one = [{ username: 'a', name: 'A', instead_of: null }]

describe('the week of a roster', () => {
  const days = [
    { day: '2026-03-01', shifts: [{ name: 'night', since_at: at('2026-03-01', 20), until_at: at('2026-03-02', 8), people: one }] },
    { day: '2026-03-02', shifts: [{ name: 'day', since_at: at('2026-03-02', 8), until_at: at('2026-03-02', 20), people: one }, { name: 'second', since_at: at('2026-03-02', 10), until_at: at('2026-03-02', 12), people: [] }] },
  ]
  it('draws a night on both of its days, belonging to the first', () => {
    const [monday] = weekTracks(days, '2026-03-02', OFFSET, 1)
    expect(monday?.bars[0]).toMatchObject({ day: '2026-03-01', left: 0, before: true, after: false, lane: 0 })
    expect(monday?.bars[0]?.width).toBeCloseTo(8 / 24)
  })

  it('puts shifts of one hour below each other', () => {
    expect(weekTracks(days, '2026-03-02', OFFSET, 1)[0]).toMatchObject({ lanes: 2 })
  })

  it('shows where nobody is; a shift without people is nobody', () => {
    const tracks = weekTracks(days, '2026-03-02', OFFSET, 1)
    expect(tracks[0]?.gaps.map((gap) => Math.round(gap.left * 24))).toEqual([20])
    expect(hoursWithout(tracks)).toBe(4)
  })

  it('is drawn by the wall of the centre, not by that of the reader', () => {
    const spec: RosterSpec = { shifts: [{ ...nextShift([], '2026-03-02'), name: 'day', since: '08:00', until: '20:00' }], overrides: [] }
    expect(centreOffset(days, spec)).toBe(OFFSET)
    expect(wallTime(at('2026-03-02', 20), OFFSET)).toBe('2026-03-02 20:00')
  })

  it('begins on Monday', () => {
    expect(mondayOf('2026-03-01')).toBe('2026-02-23')
    expect(mondayOf('2026-03-02')).toBe('2026-03-02')
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29')
  })

  it('takes other people for a day in place of those before, and gives the day back', () => {
    const spec: RosterSpec = { shifts: [nextShift([], '2026-03-04')], overrides: [{ day: '2026-03-02', shift: 'day', people: ['a'] }] }
    expect(withOverride(spec, '2026-03-02', 'day', ['b']).overrides).toEqual([{ day: '2026-03-02', shift: 'day', people: ['b'] }])
    expect(withOverride(spec, '2026-03-02', 'day', null).overrides).toEqual([])
    expect(nextShift([{ ...nextShift([], '2026-03-04'), until: '20:30' }], '2026-03-04')).toMatchObject({ since: '20:30', until: '04:30' })
  })
})

describe('tests of the ways to reach people', () => {
  const test = (id: number, state: 'answered' | 'failed' | 'sent', took: number | null) => ({ id, state, answered_after_seconds: took })
  it('are counted, with the middle answer', () => {
    expect(testFigures([test(1, 'answered', 10), test(2, 'answered', 40), test(3, 'failed', null)])).toEqual({ total: 3, answered: 2, waiting: 0, missed: 0, failed: 1, median: 10 })
  })

  it('stand with those that need somebody first', () => {
    expect(orderTests([test(1, 'answered', 1), test(2, 'failed', null), test(3, 'answered', 1)]).map((one) => one.id)).toEqual([2, 3, 1])
  })
})

describe('texts of pages', () => {
  it('know their places, and what is missing or unknown', () => {
    expect(placesIn('{who} {{x}} {where}{who}')).toEqual(['who', 'where'])
    expect(templateProblems('{who} {illness}', '', ['who', 'link'], ['link'])).toEqual({ unknown: ['illness'], missing: ['link'] })
    expect(insertPlace('a  b', 2, 2, 'who')).toEqual({ text: 'a {who} b', at: 7 })
  })
})

describe('the answer of a backtest', () => {
  it('has a bar for every day, also those on which nothing fired', () => {
    const bars = dayBars([{ day: '2026-02-27', count: 4 }], '2026-02-26', '2026-03-01')
    expect(bars.map((bar) => bar.count)).toEqual([0, 4, 0, 0])
    expect(bars[1]).toMatchObject({ height: 1, weekend: false })
    expect(bars[2]?.weekend).toBe(true)
  })

  it('shows homes with a real incident first', () => {
    const home = (name: string, count: number, real_nearby: boolean) => ({ home: name, name, count, first_at: '', last_at: '', real_nearby })
    expect(orderHomes([home('a', 9, false), home('b', 1, true), home('c', 3, false)]).map((one) => one.name)).toEqual(['b', 'a', 'c'])
  })

  it('gives rates a sensible precision', () => {
    expect([perDay(5, 7), perDay(100, 7), perDay(0, 7)]).toEqual(['0.7', '14', '0'])
    expect(percentDone(1, 3)).toBe(33)
    expect(percentDone(0, 0)).toBe(0)
    expect(daysBefore('2026-03-01', 1)).toBe('2026-02-28')
  })
})
