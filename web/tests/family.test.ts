import { describe, expect, it } from 'vitest'

import { sentenceCode, STALE_MILLISECONDS, stepsToTell, verdictNow } from '@/logic/family'

describe('what a family is told', () => {
  it('never calls normal what it has not heard of for two minutes', () => {
    const home = { verdict: 'normal', sentence_code: 'all_normal' } as const
    expect(verdictNow(home, 0, STALE_MILLISECONDS)).toBe('normal')
    const shown = verdictNow(home, 0, STALE_MILLISECONDS + 1)
    expect(shown).toBe('unknown')
    expect(sentenceCode(home, shown)).toBe('not_reached')
  })

  it('never softens an unknown or an open incident', () => {
    expect(verdictNow({ verdict: 'unknown' }, 0, 0)).toBe('unknown')
    expect(verdictNow({ verdict: 'incident' }, 0, 10 * STALE_MILLISECONDS)).toBe('incident')
  })

  it('leaves out what the centre does within itself', () => {
    expect(stepsToTell([{ act: 'opened', details: null }, { act: 'rang_again', details: null }, { act: 'paged', details: null }, { act: 'dispatched', details: null }]).map((step) => step.act)).toEqual(['opened', 'dispatched'])
  })

  it('names who comes, and not who cannot', () => {
    const answered = (answer: string) => ({ act: 'page_answered', details: { answer } })
    expect(stepsToTell([answered('accepted'), answered('declined')])).toEqual([answered('accepted')])
  })
})
