/** What an installer may say of a fault, and what still stands in the way of closing it. Pure; the API has the last word. */

import type { Alert } from '@/api/types'

export const REPAIR_REASONS = ['battery_changed', 'repaired', 'replaced', 'nothing_found'] as const
export type RepairReason = (typeof REPAIR_REASONS)[number]

/** What a mode mutes or a person shelved has its own end. */
const OUT_OF_SIGHT = new Set(['shelved', 'suppressed', 'out_of_service'])

/** Whether the device has not said yet that this is over. */
export function isThere(alert: Pick<Alert, 'condition_active' | 'state'>): boolean {
  return alert.condition_active && !OUT_OF_SIGHT.has(alert.state)
}

/** Those that are not well first, then in the order they came. */
export function inOrder<Each extends Pick<Alert, 'id' | 'condition_active' | 'state'>>(alerts: readonly Each[]): Each[] {
  return [...alerts].sort((left, right) => Number(isThere(right)) - Number(isThere(left)) || left.id - right.id)
}
