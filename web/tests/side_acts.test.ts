import { describe, expect, it } from 'vitest'

import type { AffectedHome, Alert, IncidentDetail, IncidentItem } from '@/api/types'
import { outcome, outcomeTone } from '@/logic/answer'
import { ends, isPossibleEnd, MODES, settable, suppressedToday } from '@/logic/modes'
import { outageOf } from '@/logic/outage'
import { mergeTargets, mayShelve, shelfEnd, splittable } from '@/logic/side_acts'
import { keyBytes, pushAbility } from '@/logic/web_push'

const NOW = Date.parse('2026-11-23T03:00:00.000Z')
const HOUR = 3_600_000
const alert = (fields: Partial<Alert>): Alert => ({ id: 1, kind: 'vitals', severity: 'medium', state: 'acknowledged', condition_active: true, ...fields }) as Alert
const item = (fields: Partial<IncidentItem>): IncidentItem => ({ id: 1, home: 'h1', area: null, state: 'open', drill: false, test: false, alerts: [], ...fields }) as unknown as IncidentItem

describe('acts on single alerts', () => {
  it('never shelves a call for help, nor a danger that was there for a moment', () => {
    expect(mayShelve(alert({}))).toBe(true)
    for (const kind of ['sos', 'fall', 'doctor_call']) expect(mayShelve(alert({ kind }))).toBe(false)
    expect(mayShelve(alert({ severity: 'critical', condition_active: false }))).toBe(false)
    expect(mayShelve(alert({ state: 'shelved' }))).toBe(false)
  })

  it('splits only where something stays behind', () => {
    expect(splittable({ state: 'open', alerts: [alert({})] })).toEqual([])
    expect(splittable({ state: 'open', alerts: [alert({}), alert({ id: 2, state: 'normal' })] })).toEqual([])
    expect(splittable({ state: 'open', alerts: [alert({}), alert({ id: 2 })] })).toHaveLength(2)
    expect(splittable({ state: 'closed', alerts: [alert({}), alert({ id: 2 })] })).toEqual([])
  })

  it('merges into open incidents of the same home only, never practice with truth', () => {
    const mine = item({}) as IncidentDetail
    const others = [item({}), item({ id: 2 }), item({ id: 3, home: 'h2' }), item({ id: 4, drill: true }), item({ id: 5, state: 'resolved' }), item({ id: 6, home: null })]
    expect(mergeTargets(mine, others).map((one) => one.id)).toEqual([2])
  })

  it('ends a shelf within the eight hours the centre allows', () => {
    for (const hours of [1, 4, 8]) expect(Date.parse(shelfEnd(hours, NOW)) - NOW).toBeLessThan(8 * HOUR)
  })
})

describe('modes', () => {
  it('offers nothing but possible ends, and always one', () => {
    for (const mode of MODES) {
      const found = ends(mode, NOW)
      expect(found.length).toBeGreaterThan(0)
      for (const end of found) expect(isPossibleEnd(mode, end.until, NOW)).toBe(true)
    }
  })

  it('knows no mode without an end', () => {
    expect(isPossibleEnd('away', Number.NaN, NOW)).toBe(false)
    expect(isPossibleEnd('away', NOW - 1, NOW)).toBe(false)
    expect(isPossibleEnd('test', NOW + 5 * HOUR, NOW)).toBe(false)
  })

  it('lets a family say away and hospital and nothing else', () => {
    expect(settable(['modes.set_away'])).toEqual(['away', 'hospital'])
  })

  it('counts what was not shown today by its reason', () => {
    const today = new Date(NOW).toISOString()
    const rows = [{ last_at: today, because: 'monitor' }, { last_at: today, because: 'away' }, { last_at: today, because: 'away' }, { last_at: '2026-11-01T03:00:00.000Z', because: 'away' }] as Parameters<typeof suppressedToday>[0]
    expect(suppressedToday(rows, NOW)).toEqual([{ because: 'away', count: 2 }, { because: 'monitor', count: 1 }])
  })
})

describe('an area without power', () => {
  it('has those most at risk first and those restored apart', () => {
    const home = (code: string, risk: number, reasons: string[], restored_at: string | null = null) => ({ code, risk, reasons, restored_at }) as unknown as AffectedHome
    const found = outageOf([home('a', 5, ['age']), home('b', 9, ['oxygen', 'age']), home('c', 20, ['oxygen'], '2026-11-23T03:00:00Z')])
    expect(found.without.map((one) => one.code)).toEqual(['b', 'a'])
    expect(found.restored.map((one) => one.code)).toEqual(['c'])
    expect(found.reasons).toEqual([{ reason: 'oxygen', count: 1 }, { reason: 'age', count: 2 }])
  })
})

describe('the answer page', () => {
  it('tells what was answered rather than that it was answered', () => {
    const refusal = { code: 'answer_link_used', message: 'used', details: {} }
    expect(outcome({ given: 'accepted', kind: 'alarm', refusal })).toBe('accepted')
    expect(outcome({ given: 'received', kind: 'test', refusal })).toBe('test_done')
    expect(outcome({ given: null, kind: 'alarm', refusal })).toBe('refused')
    expect(outcome({ given: null, kind: 'alarm', refusal: null })).toBeNull()
    expect(['accepted', 'declined', 'refused'].map(outcomeTone)).toEqual(['good', 'plain', 'stop'])
  })
})

describe('pages to a browser', () => {
  it('names plain http first: it is what can be mended', () => {
    expect(pushAbility({ secure: false, worker: false, push: false, permission: 'denied' })).toBe('insecure')
    expect(pushAbility({ secure: true, worker: true, push: false, permission: 'default' })).toBe('unsupported')
    expect(pushAbility({ secure: true, worker: true, push: true, permission: 'denied' })).toBe('denied')
    expect(pushAbility({ secure: true, worker: true, push: true, permission: 'default' })).toBe('possible')
  })

  it('reads the key of the centre, which is written without padding', () => {
    expect([...keyBytes('-_8')]).toEqual([251, 255])
  })
})
