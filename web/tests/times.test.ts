import { describe, expect, it } from 'vitest'

import { skewOf } from '@/logic/clock'
import { age, countdown, runningClock } from '@/logic/times'

const AT = '2026-11-22T08:00:00.000Z'
const T = Date.parse(AT)

describe('running clocks', () => {
  it('keep their width for the first hour and never go below zero', () => {
    expect(runningClock(AT, T)).toBe('00:00')
    expect(runningClock(AT, T + 59_999)).toBe('00:59')
    expect(runningClock(AT, T + 3_599_000)).toBe('59:59')
    expect(runningClock(AT, T + 3_661_000)).toBe('1:01:01')
    expect(runningClock(AT, T - 5_000)).toBe('00:00')
    expect(runningClock(AT, T + 101 * 3_600_000)).toBe('4d 05h')
  })

  it('count down to an instant and stay at zero', () => {
    expect(countdown(AT, T - 61_000)).toBe('01:01')
    expect(countdown(AT, T + 1)).toBe('00:00')
  })
})

describe('ages', () => {
  it.each([
    [4_000, 'now', 0],
    [59_000, 'seconds', 59],
    [8 * 60_000, 'minutes', 8],
    [47 * 3_600_000, 'hours', 47],
    [72 * 3_600_000, 'days', 3],
  ])('say %i ms as a person would', (milliseconds, unit, count) => {
    expect(age(AT, T + milliseconds)).toEqual({ unit, count })
  })
})

describe('the clock of the centre', () => {
  it('is not touched by a computer that is right', () => {
    expect(skewOf('Sun, 22 Nov 2026 08:00:00 GMT', T + 200, T + 300)).toBe(0)
  })

  it('is followed when this computer is minutes off', () => {
    expect(skewOf('Sun, 22 Nov 2026 08:00:00 GMT', T + 300_000, T + 300_100)).toBeCloseTo(-299_550, -2)
  })

  it('learns nothing from a slow answer or none', () => {
    expect(skewOf(null, 0, 0)).toBeNull()
    expect(skewOf('Sun, 22 Nov 2026 08:00:00 GMT', T, T + 6_000)).toBeNull()
  })
})
