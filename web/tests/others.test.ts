import { describe, expect, it } from 'vitest'

import { hasOthers, nextRow, OTHERS_KEY, standsBeside } from '@/logic/others'
import { ACT_KEYS } from '@/logic/acts'
import { SIDE_KEYS } from '@/logic/side_acts'

describe('what is not for the operators', () => {
  it('stands beside the queue, and what is for them never does', () => {
    expect(standsBeside({ for_operators: false }, false)).toBe(true)
    expect(standsBeside({ for_operators: true }, false)).toBe(false)
    expect(standsBeside({ for_operators: false }, true)).toBe(false)
  })

  it('is beside the queue of operators only; others have it in their list', () => {
    expect(['operator', 'supervisor', 'administrator', 'doctor', undefined].filter(hasOthers)).toEqual(['operator'])
  })

  it('has a key of its own', () => {
    expect([...Object.values(ACT_KEYS), ...Object.values(SIDE_KEYS), 'I', 'J', 'K']).not.toContain(OTHERS_KEY)
  })
})

describe('the keys J and K', () => {
  it('stay in the list the chosen row stands in', () => {
    expect(nextRow([1, 2], [8, 9], true, 2, 1)).toBe(2)
    expect(nextRow([1, 2], [8, 9], true, 8, 1)).toBe(9)
    expect(nextRow([1, 2], [8, 9], true, 9, 1)).toBe(9)
    expect(nextRow([1, 2], [8, 9], true, 8, -1)).toBe(8)
  })

  it('lead to the queue while the other list is folded', () => {
    expect(nextRow([1, 2], [8, 9], false, 8, 1)).toBe(1)
    expect(nextRow([1, 2], [8, 9], true, null, 1)).toBe(1)
  })
})
