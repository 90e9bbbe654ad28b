/** An incident of a whole area: its homes by risk, and how many are restored. Pure; the API's order is by risk. */

import type { AffectedHome } from '@/api/types'

export interface Outage {
  without: AffectedHome[]
  restored: AffectedHome[]
  /** How many of those still without have each reason for more care. */
  reasons: { reason: string; count: number }[]
}

const REASONS = ['oxygen', 'falls', 'alone', 'age']

export function outageOf(homes: readonly AffectedHome[]): Outage {
  const without = homes.filter((home) => home.restored_at === null).sort((left, right) => right.risk - left.risk)
  const restored = homes.filter((home) => home.restored_at !== null).sort((left, right) => Date.parse(right.restored_at ?? '') - Date.parse(left.restored_at ?? ''))
  const reasons = REASONS.map((reason) => ({ reason, count: without.filter((home) => home.reasons.includes(reason)).length })).filter(({ count }) => count > 0)
  return { without, restored, reasons }
}
