import { describe, expect, it } from 'vitest'

import { CLOSE_REASONS, mayAct, nextAct, reasonOfDigit, WAY } from '@/logic/acts'
import { doneNote, dueSeconds, readNote } from '@/logic/script'

describe('acts', () => {
  it('offer a next act that the state allows, in every state', () => {
    for (const state of WAY) expect(mayAct(nextAct(state), state)).toBe(true)
  })

  it('follow the table of transitions', () => {
    expect(mayAct('acknowledge', 'acknowledged')).toBe(false)
    expect(mayAct('on-scene', 'open')).toBe(false)
    expect(mayAct('close', 'closed')).toBe(false)
    expect(mayAct('release', 'dispatched')).toBe(false)
    expect(mayAct('note', 'closed')).toBe(true)
  })

  it('close with one digit, and only with one', () => {
    expect(CLOSE_REASONS.map((_, index) => reasonOfDigit(String(index + 1)))).toEqual([...CLOSE_REASONS])
    expect(reasonOfDigit('0')).toBeNull()
    expect(reasonOfDigit('12')).toBeNull()
    expect(reasonOfDigit('A')).toBeNull()
  })
})

describe('scripts', () => {
  it('have the clock of their kind', () => {
    expect(dueSeconds('sos', 'call_home')).toBe(30)
    expect(dueSeconds('doctor_call', 'answer_call')).toBe(10)
    expect(dueSeconds('silence', 'call_home')).toBe(3_600)
    expect(dueSeconds('something_new', 'call_contacts')).toBe(120)
    expect(dueSeconds('sos', 'record_outcome')).toBeNull()
  })

  it('know a step that was written into the timeline again', () => {
    expect(readNote(doneNote('call_home', '呼叫住户'))).toEqual({ step: 'call_home', words: '呼叫住户' })
    expect(readNote('no answer [twice]')).toEqual({ step: null, words: 'no answer [twice]' })
  })
})
