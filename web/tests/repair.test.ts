import { describe, expect, it } from 'vitest'

import { inOrder, isThere } from '@/logic/repair'

const alert = (id: number, active: boolean, state: 'acknowledged' | 'shelved' = 'acknowledged') => ({ id, condition_active: active, state })

describe('what stands in the way of closing a fault', () => {
  it('is what the device has not called over', () => {
    expect(isThere(alert(1, true))).toBe(true)
    expect(isThere(alert(1, false))).toBe(false)
  })

  it('is not what somebody shelved until a time', () => {
    expect(isThere(alert(1, true, 'shelved'))).toBe(false)
  })

  it('stands first', () => {
    expect(inOrder([alert(1, false), alert(2, true), alert(3, false), alert(4, true)]).map((one) => one.id)).toEqual([2, 4, 1, 3])
  })
})
