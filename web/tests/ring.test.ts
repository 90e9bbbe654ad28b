import { describe, expect, it } from 'vitest'

import type { IncidentItem } from '@/api/types'
import { MELODIES, render } from '@/logic/melodies'
import { hear, rings, soundNow, windowTitle } from '@/logic/ring'
import { SEVERITIES } from '@/logic/severity'

type Row = Pick<IncidentItem, 'id' | 'severity' | 'state' | 'ring_count' | 'owner' | 'opened_at' | 'for_operators'>
const incident = (change: Partial<Row> = {}): Row => ({ id: 1, severity: 'critical', state: 'open', ring_count: 1, owner: null, opened_at: '2026-11-22T08:00:00.000Z', for_operators: true, ...change })
const ME = 7
const MINE = { id: ME, name: 'me' }

describe('the bell', () => {
  it('rings until somebody has taken it, and not after', () => {
    expect(rings(incident(), new Map(), ME)).toBe(true)
    const taken = incident({ state: 'acknowledged', owner: MINE })
    expect(rings(taken, hear(new Map(), [taken]), ME)).toBe(false)
  })

  it('never rings for what is not for the operators', () => {
    expect(rings(incident({ severity: 'medium', for_operators: false }), new Map(), ME)).toBe(false)
    expect(soundNow([incident({ severity: 'medium', for_operators: false })], new Map(), ME)).toBe(null)
  })

  it('rings again when a taken incident gets worse, at the seat that has it', () => {
    const taken = incident({ state: 'dispatched', owner: MINE })
    const heard = hear(new Map(), [taken])
    const again = { ...taken, ring_count: 2 }
    expect(rings(again, hear(heard, [again]), ME)).toBe(true)
    expect(rings({ ...again, owner: { id: 8, name: 'another' } }, heard, ME)).toBe(false)
  })

  it('is answered by a person only: looking again at the same ring keeps it ringing', () => {
    const taken = incident({ state: 'acknowledged', owner: MINE })
    let heard = hear(new Map(), [taken])
    const again = { ...taken, ring_count: 2 }
    heard = hear(heard, [again])
    heard = hear(heard, [again])
    expect(rings(again, heard, ME)).toBe(true)
    expect(rings(again, new Map([[1, 2]]), ME)).toBe(false)
  })

  it('rings anew after a release or an expired claim', () => {
    const taken = incident({ state: 'acknowledged', owner: MINE })
    const heard = hear(new Map(), [taken])
    const back = incident({ ring_count: 2 })
    expect(rings(back, hear(heard, [back]), ME)).toBe(true)
  })

  it('has the sound of the worst, and a fault never masks a fall', () => {
    expect(soundNow([incident({ id: 1, severity: 'medium' }), incident({ id: 2, severity: 'critical' })], new Map(), ME)).toBe('critical')
    expect(soundNow([incident({ severity: 'low' })], new Map(), ME)).toBeNull()
    expect(soundNow([], new Map(), ME)).toBeNull()
  })

  it('sounds different for each severity, and never clips', () => {
    const rendered = SEVERITIES.map((severity) => render(MELODIES[severity], 8_000))
    for (const samples of rendered) expect(Math.max(...samples.map(Math.abs))).toBeLessThanOrEqual(1)
    expect(new Set(SEVERITIES.map((severity) => JSON.stringify(MELODIES[severity]))).size).toBe(SEVERITIES.length)
  })
})

describe('the title of the window', () => {
  it('always says how many wait, and every other second who', () => {
    expect(windowTitle('银铃', 0, null, 4)).toBe('银铃')
    expect(windowTitle('银铃', 2, '王秀英', 4)).toBe('(2) 王秀英')
    expect(windowTitle('银铃', 2, '王秀英', 5)).toBe('(2) 银铃')
  })
})
