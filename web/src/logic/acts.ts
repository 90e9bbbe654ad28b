/** What may be done with an incident in which state (design, section 6), and which act is the next right one. */

import type { IncidentState } from '@/api/types'

export type Act = 'acknowledge' | 'dispatch' | 'on-scene' | 'resolve' | 'close' | 'note' | 'release' | 'reopen'

const ALLOWED: Record<Act, readonly IncidentState[]> = {
  acknowledge: ['open'],
  dispatch: ['open', 'acknowledged', 'dispatched'],
  'on-scene': ['dispatched'],
  resolve: ['open', 'acknowledged', 'dispatched', 'on_scene'],
  close: ['open', 'acknowledged', 'dispatched', 'on_scene', 'resolved'],
  note: ['open', 'acknowledged', 'dispatched', 'on_scene', 'resolved', 'closed'],
  release: ['acknowledged'],
  reopen: ['resolved', 'closed'],
}

/** Whether the table of transitions allows it; the API has the last word. */
export function mayAct(act: Act, state: IncidentState): boolean {
  return ALLOWED[act].includes(state)
}

/** The one act to offer as the large button. */
export function nextAct(state: IncidentState): Act {
  const next: Record<IncidentState, Act> = {
    open: 'acknowledge',
    acknowledged: 'dispatch',
    dispatched: 'on-scene',
    on_scene: 'resolve',
    resolved: 'close',
    closed: 'reopen',
  }
  return next[state]
}

/** The steps of the usual way, for the strip of progress. */
export const WAY: readonly IncidentState[] = ['open', 'acknowledged', 'dispatched', 'on_scene', 'resolved', 'closed']

export const CLOSE_REASONS = [
  'reassured',
  'false_accidental',
  'real_assisted',
  'real_ambulance',
  'false_device',
  'technical',
  'test',
  'duplicate',
  'handed_over',
] as const

export type CloseReason = (typeof CLOSE_REASONS)[number]

/** The reason behind a digit key 1–9, or null. */
export function reasonOfDigit(key: string): CloseReason | null {
  return /^[1-9]$/.test(key) ? (CLOSE_REASONS[Number(key) - 1] ?? null) : null
}

/** The key of each act on the console. */
export const ACT_KEYS: Record<Act, string> = {
  acknowledge: 'A',
  dispatch: 'D',
  'on-scene': 'S',
  resolve: 'R',
  close: 'C',
  note: 'N',
  release: 'L',
  reopen: 'O',
}
