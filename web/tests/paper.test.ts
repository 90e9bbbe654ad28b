import { describe, expect, it } from 'vitest'

import { answerSeconds, asDone, beganAt, linesToBody, nextLine, problemsOf, timeProblem, type PaperLine } from '@/logic/paper'

const NOW = new Date(2026, 10, 23, 5, 0).getTime()
const line = (fields: Partial<PaperLine>): PaperLine => ({ key: 1, act: 'acknowledge', at: '2026-11-23T03:12', responder: '', reason: '', note: '', ...fields })

describe('what was done on paper', () => {
  it('knows which times cannot be', () => {
    expect(timeProblem('', NOW)).toBe('time')
    expect(timeProblem('2026-11-23T05:01', NOW)).toBe('future')
    expect(timeProblem('2026-11-16T04:59', NOW)).toBe('too_old')
    expect(timeProblem('2026-11-16T05:00', NOW)).toBeNull()
    expect(timeProblem('2026-11-23T05:00', NOW)).toBeNull()
  })

  it('says beside each line what it lacks, and that steps follow one another', () => {
    const lines = [
      line({ at: '2026-11-23T03:09' }),
      line({ at: '2026-11-23T03:12' }),
      line({ act: 'dispatch', at: '2026-11-23T03:20' }),
      line({ act: 'note', at: '2026-11-23T03:01', note: 'a son called' }),
      line({ act: 'note', at: '2026-11-23T03:30' }),
      line({ act: 'on_scene', at: '2026-11-23T03:19' }),
      line({ act: 'close', at: '2026-11-23T03:55' }),
      line({ act: 'close', at: '2026-11-23T03:55', reason: 'reassured' }),
    ]
    expect(problemsOf(lines, '2026-11-23T03:10', NOW)).toEqual(['order', null, 'responder', null, 'note', 'order', 'reason', null])
    expect(problemsOf([line({ at: '2026-11-23T03:09' })], null, NOW)).toEqual([null])
  })

  it('offers the step that usually comes next, at the time of the one before', () => {
    const first = nextLine([], 'acknowledge', '2026-11-23T03:10')
    expect([first.act, first.at]).toEqual(['acknowledge', '2026-11-23T03:10'])
    const second = nextLine([{ ...first, at: '2026-11-23T03:12' }], 'acknowledge', '')
    expect([second.act, second.at, second.key === first.key]).toEqual(['dispatch', '2026-11-23T03:12', false])
  })

  it('sends each line with an instant, and only what its act asks for', () => {
    const at = (minute: string): string => new Date(`2026-11-23T${minute}`).toISOString()
    const sent = linesToBody([line({ note: ' Wang ', responder: 'left over' }), line({ act: 'dispatch', at: '2026-11-23T03:20', responder: ' Li ', reason: 'test' }), line({ act: 'close', at: '2026-11-23T03:55', reason: 'reassured' })])
    expect(sent).toEqual([
      { act: 'acknowledge', done_at: at('03:12'), note: 'Wang' },
      { act: 'dispatch', done_at: at('03:20'), responder_name: 'Li' },
      { act: 'close', done_at: at('03:55'), reason: 'reassured' },
    ])
  })

  it('tells the story as it was done, and measures no answer of paper', () => {
    const entry = (id: number, at: string, done_at: string | null) => ({ id, at, done_at })
    const told = asDone([entry(1, '2026-11-23T05:00:00Z', '2026-11-23T03:10:00Z'), entry(2, '2026-11-23T04:00:00Z', null), entry(3, '2026-11-23T05:00:00Z', '2026-11-23T03:12:00Z')])
    expect(told.map(({ id }) => id)).toEqual([1, 3, 2])
    const sameMinute = asDone([entry(1, '2026-11-23T03:12:40Z', null), entry(2, '2026-11-23T05:00:00Z', '2026-11-23T03:12:00Z')])
    expect(sameMinute.map(({ id }) => id)).toEqual([1, 2])
    const incident = { opened_at: '2026-11-23T05:00:00Z', happened_at: '2026-11-23T03:10:00Z', acknowledged_at: '2026-11-23T03:12:00Z', entered_afterwards: true }
    expect(beganAt(incident)).toBe('2026-11-23T03:10:00Z')
    expect(answerSeconds(incident)).toBeNull()
    expect(answerSeconds({ ...incident, acknowledged_at: '2026-11-23T05:00:07Z', entered_afterwards: false })).toBe(7)
    expect(answerSeconds({ ...incident, acknowledged_at: null, entered_afterwards: false })).toBeNull()
  })
})
