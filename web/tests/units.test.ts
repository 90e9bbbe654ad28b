import { describe, expect, it } from 'vitest'

import { withUnit } from '@/logic/units'

describe('a measured value in a headline', () => {
  it('has its unit', () => {
    expect(withUnit('systolic', 188, '次/分')).toBe('188 mmHg')
    expect(withUnit('spo2', 84, '次/分')).toBe('84%')
    expect(withUnit('heart_rate', 131, '次/分')).toBe('131 次/分')
    expect(withUnit('body_temperature', 38.6, '/min')).toBe('38.6 °C')
  })

  it('stands alone where the metric has none', () => {
    expect(withUnit('steps', 120, '/min')).toBe('120')
    expect(withUnit('seen_not_understood', 3, '/min')).toBe('3')
  })
})
