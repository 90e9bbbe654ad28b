import { describe, expect, it } from 'vitest'

import type { Escalation, EscalationPreview, PageSent } from '@/api/types'
import { familyTold, isEmpty, secondsLeft, stepsOf, toldOf } from '@/logic/told'

const AT = '2026-11-23T03:00:00.000Z'
const LATER = '2026-11-23T03:00:30.000Z'

function page(fields: Partial<PageSent>): PageSent {
  return { channel: 'sms', person_name: '李强', step: 0, round: 1, delivery: null, delivery_at: null, answers: [], target: '138…', cause: 'escalation', state: 'sent', due_at: AT, attempts: 1, sent_at: AT, error: null, ...fields }
}

const escalation: Escalation = {
  policy: 'default', name: 'Default', version: 0, step: 1, next_at: LATER, round: 2,
  steps: [
    { after_seconds: 30, who: ['role'], state: 'done', at: AT, people: [] },
    { after_seconds: 60, who: ['contacts'], state: 'next', at: LATER, people: [] },
  ],
}
const preview: EscalationPreview = {
  policy: 'default', version: 0, name: 'Default',
  steps: [
    { after_seconds: 30, people: [], unreachable: [], nobody: true },
    { after_seconds: 60, people: [{ person: 'contact:1', name: '王女士', channels: ['voice'], after_seconds: 0 }, { person: null, name: 'webhook', channels: ['webhook'], after_seconds: 0 }], unreachable: [], nobody: false },
  ],
}

describe('who was told', () => {
  it('names each person once, with every channel and the furthest that is known', () => {
    const told = toldOf([page({ delivery: 'delivered', delivery_at: LATER }), page({ channel: 'voice', state: 'failed', sent_at: null })])
    expect(told).toEqual([{ name: '李强', channels: ['sms', 'voice'], status: 'delivered', at: LATER }])
  })

  it('lets an answer count above every receipt', () => {
    const answers: PageSent['answers'] = [{ answer: 'accepted', via: 'link', at: LATER }]
    expect(toldOf([page({ answers }), page({ channel: 'voice', delivery: 'read', delivery_at: AT })])[0]?.status).toBe('accepted')
  })

  it('keeps addresses without a name apart', () => {
    expect(toldOf([page({ person_name: null, target: 'a' }), page({ person_name: null, target: 'b' })])).toHaveLength(2)
  })

  it('shows the pages of the round that runs, and expects only those to come', () => {
    const steps = stepsOf(escalation, [page({ round: 1 }), page({ round: 2, person_name: '周敏' })], preview)
    expect(steps[0]?.told.map((one) => one.name)).toEqual(['周敏'])
    expect(steps[0]?.expected).toEqual([])
    expect(steps[1]?.expected).toEqual([{ name: '王女士', channels: ['voice'] }])
  })

  it('expects nobody by another policy than the one the incident froze', () => {
    expect(stepsOf(escalation, [], { ...preview, version: 1 })[1]?.expected).toEqual([])
  })

  it('tells a step that reached nobody from one that has no address entered', () => {
    const [step] = stepsOf(escalation, [], null)
    expect(step?.nobody).toBe(true)
    expect(step && isEmpty(step)).toBe(false)
    expect(step && isEmpty({ ...step, who: ['fallback'] })).toBe(true)
  })

  it('has news to families apart from the steps', () => {
    expect(familyTold([page({ step: null, cause: 'family_opened', person_name: '王晓明' }), page({})]).map((one) => one.name)).toEqual(['王晓明'])
  })

  it('never counts below zero', () => {
    expect(secondsLeft(LATER, Date.parse(AT) + 18_400)).toBe(12)
    expect(secondsLeft(AT, Date.parse(LATER))).toBe(0)
  })
})
