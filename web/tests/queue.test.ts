import { describe, expect, it } from 'vitest'

import type { IncidentItem } from '@/api/types'
import { arrange, byUrgency, isNewer, neighbour } from '@/logic/queue'

type Row = Pick<IncidentItem, 'id' | 'severity' | 'state' | 'opened_at'>
const row = (id: number, severity: Row['severity'], minute: number, state: Row['state'] = 'open'): Row => ({
  id,
  severity,
  state,
  opened_at: `2026-11-22T08:${String(minute).padStart(2, '0')}:00.000Z`,
})
const map = (...rows: Row[]): Map<number, Row> => new Map(rows.map((item) => [item.id, item]))
const EMPTY = { order: [], arrivals: [] }

describe('the order of the queue', () => {
  it('puts what nobody has taken first, then the worst, then the oldest', () => {
    const rows = [row(1, 'critical', 1, 'acknowledged'), row(2, 'low', 0), row(3, 'critical', 5), row(4, 'critical', 3), row(5, 'high', 0)]
    expect(rows.sort(byUrgency).map((item) => item.id)).toEqual([4, 3, 5, 2, 1])
  })

  it('breaks a tie by number, so that two screens show the same', () => {
    expect([row(9, 'high', 1), row(8, 'high', 1)].sort(byUrgency).map((item) => item.id)).toEqual([8, 9])
  })

  it('never leaves out an open incident, however old or low', () => {
    const many = Array.from({ length: 500 }, (_, index) => row(index, index % 2 ? 'info' : 'critical', index % 60))
    expect(arrange(EMPTY, map(...many), false).order).toHaveLength(500)
    expect(arrange({ order: [3, 7], arrivals: [] }, map(...many), true).order).toHaveLength(500)
  })

  it('takes a closed one away when nobody is in the list', () => {
    expect(arrange({ order: [1, 2], arrivals: [] }, map(row(1, 'high', 1, 'closed'), row(2, 'low', 2)), false).order).toEqual([2])
  })
})

describe('while somebody is in the list', () => {
  it('keeps every row where it is and puts new ones last', () => {
    const next = arrange({ order: [2, 1], arrivals: [] }, map(row(1, 'critical', 1), row(2, 'low', 2), row(3, 'critical', 3)), true)
    expect(next).toEqual({ order: [2, 1, 3], arrivals: [3] })
  })

  it('keeps a closed row as a ghost, so that the next click does not hit another person', () => {
    expect(arrange({ order: [1, 2], arrivals: [] }, map(row(1, 'high', 1, 'closed'), row(2, 'low', 2)), true).order).toEqual([1, 2])
  })

  it('still counts an arrival after a second one came', () => {
    const first = arrange({ order: [1], arrivals: [] }, map(row(1, 'low', 1), row(2, 'high', 2)), true)
    const second = arrange(first, map(row(1, 'low', 1), row(2, 'high', 2), row(3, 'critical', 3)), true)
    expect(second.arrivals).toEqual([2, 3])
    expect(arrange(second, map(row(1, 'low', 1), row(2, 'high', 2), row(3, 'critical', 3)), false)).toEqual({ order: [3, 2, 1], arrivals: [] })
  })
})

describe('answers that overtake each other', () => {
  it('an older version does not undo a newer one', () => {
    expect(isNewer({ version: 3 }, { version: 4 })).toBe(false)
    expect(isNewer({ version: 4 }, { version: 4 })).toBe(true)
    expect(isNewer({ version: 1 }, undefined)).toBe(true)
  })
})

describe('the keys J and K', () => {
  it('start at the ends and stop there', () => {
    expect(neighbour([5, 6, 7], null, 1)).toBe(5)
    expect(neighbour([5, 6, 7], null, -1)).toBe(7)
    expect(neighbour([5, 6, 7], 7, 1)).toBe(7)
    expect(neighbour([5, 6, 7], 6, -1)).toBe(5)
    expect(neighbour([], null, 1)).toBeNull()
  })
})
