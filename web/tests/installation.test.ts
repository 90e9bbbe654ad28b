import { describe, expect, it } from 'vitest'

import { confirmationOf } from '@/logic/installation'

const T = Date.parse('2026-11-22T08:00:00.000Z')
const iso = (offset: number): string => new Date(T + offset).toISOString()
const signal = (at: number, received: number) => ({ at: iso(at), received_at: iso(received), type: 'sos.pressed', incident: 3 })
const UNHEARD = { last_seen_at: null }

describe('the live test of a device', () => {
  it('does not count what came before it was started', () => {
    expect(confirmationOf([signal(-60_000, -59_000)], { last_seen_at: iso(-59_000) }, T, T + 500)).toBeNull()
  })

  it('takes the time from the press until the page knew', () => {
    expect(confirmationOf([signal(1_000, 1_200)], UNHEARD, T, T + 1_800)).toMatchObject({ type: 'sos.pressed', incident: 3, seconds: 0.8 })
  })

  it('does not believe a device that lives in 1970 or tomorrow', () => {
    expect(confirmationOf([{ ...signal(0, 1_000), at: '1970-01-01T00:00:00.000Z' }], UNHEARD, T, T + 1_500)?.seconds).toBe(0.5)
    expect(confirmationOf([signal(86_400_000, 1_000)], UNHEARD, T, T + 1_500)?.seconds).toBe(0.5)
  })

  it('accepts measurements from what never presses', () => {
    expect(confirmationOf([], { last_seen_at: iso(2_000) }, T, T + 2_500)).toMatchObject({ type: null, seconds: 0.5 })
  })
})
