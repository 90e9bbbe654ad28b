/** What may be done with the alerts of an incident beside its usual way: look why, shelve, split, merge. Pure. */

import type { Alert, IncidentDetail, IncidentItem } from '@/api/types'

export const SIDE_KEYS = { why: 'W', shelve: 'V', split: 'P', merge: 'M', modes: 'T' } as const
export type SideAct = keyof typeof SIDE_KEYS

export const SHELF_HOURS = [1, 4, 8] as const

/** Somebody who asks for help is never shelved, nor is a danger that was there for a moment only. */
const CALLS = new Set(['sos', 'fall', 'doctor_call'])

const isOver = (alert: Alert): boolean => alert.state === 'normal'

export function mayShelve(alert: Alert): boolean {
  return !isOver(alert) && alert.state !== 'shelved' && !CALLS.has(alert.kind) && !(alert.severity === 'critical' && !alert.condition_active)
}

export function shelvable(incident: Pick<IncidentDetail, 'alerts' | 'state'>): Alert[] {
  return incident.state === 'closed' ? [] : incident.alerts.filter(mayShelve)
}

/** The alerts of which some, not all, can become an incident of their own. */
export function splittable(incident: Pick<IncidentDetail, 'alerts' | 'state'>): Alert[] {
  const standing = incident.alerts.filter((alert) => !isOver(alert))
  return incident.state === 'closed' || standing.length < 2 ? [] : standing
}

/** Other open incidents of the same home, or of the same area: those this one can go into. */
export function mergeTargets(incident: IncidentDetail, open: readonly IncidentItem[]): IncidentItem[] {
  if (incident.state === 'closed') return []
  const place = (item: IncidentItem): string | null => item.home ?? (item.area ? `area:${item.area.code}` : null)
  const here = place(incident)
  return open.filter((item) => item.id !== incident.id && item.state !== 'closed' && item.state !== 'resolved' && here !== null && place(item) === here && item.drill === incident.drill && item.test === incident.test)
}

/** Until when a shelf of so many hours lasts; a minute less than the most. */
export function shelfEnd(hours: number, now: number): string {
  return new Date(now + hours * 3_600_000 - (hours >= 8 ? 60_000 : 0)).toISOString()
}
